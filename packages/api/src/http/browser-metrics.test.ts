import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../auth/principal.ts';
import { makeContext } from '../context.ts';
import { type TestResources, testPerson, testResources } from '../test-support/test-resources.ts';
import { recordBrowserMetrics } from './browser-metrics.ts';

let resources: TestResources;
let ada: Principal;
beforeAll(async () => {
  resources = await testResources();
  ada = await testPerson(resources);
});
afterAll(() => resources.drop());

async function report(body: unknown, principal: Principal | null = ada): Promise<string> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const request = Object.assign(Readable.from([Buffer.from(text)]), { headers: { 'content-type': 'application/json' }, method: 'POST' });
  const response = { writeHead: () => response, setHeader: () => response, end: () => response };
  try {
    await recordBrowserMetrics(makeContext(resources, principal), request as never, response as never);
    return 'taken';
  } catch (error) {
    return error instanceof Error ? error.name : 'refused';
  }
}
const exposed = async () => (await resources.metrics.metrics()).split('\n').filter((line) => /^(doc_|runtime_file)/.test(line));

describe('what browsers measure (WB9)', () => {
  it('WB9: counts each measure under its name, openings by where the content came from', async () => {
    expect(
      await report([
        { name: 'doc_open_ttfc_ms', ms: 12, cache: 'warm' },
        { name: 'doc_sync_rtt_ms', ms: 30 },
      ]),
    ).toBe('taken');
    expect(await report({ name: 'doc_switch_ttfc_ms', ms: 7.5, cache: 'hot' })).toBe('taken');
    const lines = await exposed();
    expect(lines).toContain('doc_open_ttfc_ms_sum{cache="warm"} 12');
    expect(lines).toContain('doc_switch_ttfc_ms_sum{cache="hot"} 7.5');
    expect(lines).toContain('doc_sync_rtt_ms_sum 30');
  });

  it.each([
    { name: 'evil{x="1"}', ms: 1 },
    { name: 'doc_open_ttfc_ms', ms: 1 },
    { name: 'doc_open_ttfc_ms', ms: 1, cache: 'tepid' },
    { name: 'doc_open_ttfc_ms', ms: 1, cache: 'hot', document: 'diary.md' },
    { name: 'doc_sync_rtt_ms', ms: 1, cache: 'hot' },
    { name: 'doc_sync_rtt_ms', ms: -1 },
    { name: 'doc_sync_rtt_ms', ms: 600_001 },
    { name: 'doc_sync_rtt_ms', ms: '5' },
    { name: 'doc_sync_rtt_ms', ms: null },
    [],
    Array.from({ length: 51 }, () => ({ name: 'doc_sync_rtt_ms', ms: 1 })),
    'x'.repeat(9_000),
    '{',
  ])('WB9: refuses nonsense whole: %j', async (body) => {
    const before = await exposed();
    expect(await report(body)).not.toBe('taken');
    expect(await report([{ name: 'doc_sync_rtt_ms', ms: 1 }, body])).not.toBe('taken');
    expect(await exposed()).toEqual(before);
  });

  it('WB9: refuses who is not signed in', async () => {
    expect(await report({ name: 'doc_sync_rtt_ms', ms: 1 }, null)).not.toBe('taken');
  });

  it('WB9: whatever pages say, there are never more than eight series', async () => {
    for (const name of ['doc_open_ttfc_ms', 'doc_switch_ttfc_ms', 'doc_sync_rtt_ms', 'runtime_file_reflect_ms'])
      for (const cache of ['hot', 'warm', 'cold', undefined, 'other', 'x'.repeat(50)]) await report({ name, ms: 1, cache });
    const series = (await exposed()).filter((line) => /_count[ {]/.test(line));
    expect(series).toHaveLength(8);
  });

  it('WB9: one person is heard sixty times a minute', async () => {
    const other = await testPerson(resources);
    let taken = 0;
    for (let i = 0; i < 80; i++) if ((await report({ name: 'doc_sync_rtt_ms', ms: 1 }, other)) === 'taken') taken++;
    expect(taken).toBe(60);
  });
});
