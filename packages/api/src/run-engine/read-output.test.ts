import { outputBody } from '@markco/core/run/output-body';
import type { RunEventBody } from '@markco/core/run/run-event';
import { makeDevice, makeRequest } from '@markco/testing/run-factories';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { acceptRun } from './accept-run.ts';
import { createRun } from './create-run.ts';
import { LONG_BYTES, readOutput } from './read-output.ts';
import { recordRunEvents } from './record-run-event.ts';

let t: TestEngine;
let deviceId: string;
beforeAll(async () => {
  t = await testEngine({ started: false });
  const made = await makeDevice(t.resources, t.ada, [t.project], { script: () => {} });
  deviceId = made.deviceId;
  await made.device.connect();
});
afterAll(() => t.close());

const stdout = (text: string): RunEventBody => ({ kind: 'stdout', text });
const note: RunEventBody = { kind: 'note', text: 'hidden', hiddenBytes: 1 };
const ended: RunEventBody = { kind: 'ended', outcome: 'completed', durationMs: 1 };
/** More than three times what is read at the ends, in events as a device sends them. */
const printed = (line: (i: number) => string): RunEventBody[] =>
  Array.from({ length: 60 }, (_, at) => stdout(Array.from({ length: 200 }, (_, i) => line(at * 200 + i)).join('')));
const lines = printed((i) => `line ${i}`.padEnd(79, '.').concat('\n'));
const clear: RunEventBody = { kind: 'display', data: {}, metadata: { clearOutput: true } };

/** Stores these and reads them back as the run's output; with it, how many rows' text came from Postgres. */
async function read(bodies: readonly RunEventBody[]): Promise<{ body: string; characters: number }> {
  const request = makeRequest(t.resources, t.project, { sessionName: t.resources.newId() });
  const { runId } = request;
  await createRun(t.resources, t.ada, request);
  await t.engine.dispatchOnce();
  expect(await acceptRun(t.resources, deviceId, runId, 1)).toBe('granted');
  const events = bodies.map((body, i) => ({ seq: i + 1, at: 0, body }));
  await recordRunEvents(t.resources, deviceId, runId, 1, events);
  const run = await t.run(runId);
  expect(run).toMatchObject({ state: 'completed', lastSeq: bodies.length });
  expect(run.logBytes).toBeGreaterThan(BigInt(LONG_BYTES));
  let characters = 0;
  const rows = async <T>(text: string, values?: readonly unknown[]) => {
    const found = await t.resources.sql.rows<T>(text, values);
    characters += JSON.stringify(found).length;
    return found;
  };
  return { body: await readOutput({ rows }, { ...run, docPath: 'notes.md' }), characters };
}

describe('read-output (RU21)', () => {
  it.each([
    ['lines', [...lines, ended]],
    ['other things between lines', [...lines.slice(0, 30), { kind: 'warning', text: 'careful' }, note, ...lines.slice(30), ended]],
    ['both streams', [...lines.map((body, i) => (i % 2 ? { ...body, kind: 'stderr' } : body) as RunEventBody), ended]],
  ] as [string, RunEventBody[]][])('RU21: of %s only the ends are read, and the document gets the same', async (_, bodies) => {
    const { body, characters } = await read(bodies);
    expect(body).toBe(outputBody(bodies, 'notes.md'));
    expect(characters).toBeLessThan(LONG_BYTES);
  });

  it.each([
    ['one line without an end', printed(() => 'x'.repeat(80))],
    ['progress bars', printed((i) => `${i} %\r`.padStart(80))],
    ['a line drawn over what was not read', [...lines, stdout('over\rnew\n')]],
    ['what was cleared', [...lines, clear, stdout('all that stands\n')]],
    ['what is cleared but for lines that do not fill the document', [...lines.slice(0, 2), clear, ...lines]],
  ] as [string, RunEventBody[]][])('RU21: %s is the same as where all is read', async (_, bodies) => {
    const { body } = await read([...bodies, ended]);
    expect(body).toBe(outputBody([...bodies, ended], 'notes.md'));
  });
});
