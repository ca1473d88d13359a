import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '@markco/sync/log';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal } from '../journal/journal.ts';
import { sampleOffer } from '../test-support/sample-offer.ts';
import { waitUntil } from '../test-support/wait-until.ts';
import { Outbox } from './outbox.ts';

let dir: string;
let journal: Journal;
let outbox: Outbox;
/** The kinds of the events of each batch. */
let sent: string[][];
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-outbox-'));
  journal = new Journal(dir);
  sent = [];
  outbox = new Outbox({
    journal,
    log: silentLog,
    uplink: {
      send: async (message) => {
        if (message.type !== 'MRP_RESPONSE' || message.kind !== 'events') throw new Error('only events are expected');
        sent.push(message.events.map((event) => event.body.kind));
        return { ok: true, ackedSeq: message.events.at(-1)!.seq };
      },
      putAsset: async () => undefined,
    },
  });
  outbox.resumed({ runs: [] });
});
afterEach(() => {
  outbox.stop();
  journal.close();
  rmSync(dir, { recursive: true, force: true });
});

async function granted(): Promise<string> {
  const offer = sampleOffer();
  journal.offer(offer);
  await journal.grant(offer.runId, 1);
  return offer.runId;
}
const ended = { kind: 'ended' as const, outcome: 'completed' as const, durationMs: 1 };

describe('outbox', () => {
  it('RU16 the start of a cell, what it says at once and its end are one batch', async () => {
    const runId = await granted();
    journal.append(runId, { kind: 'started' });
    journal.append(runId, { kind: 'stdout', text: '1\n' });
    journal.append(runId, ended);
    await waitUntil(() => journal.get(runId) === null, 'the run to be acknowledged');
    expect(sent).toEqual([['started', 'stdout', 'ended']]);
  });

  it('RU16 a cell that says nothing is told to have started, and what it says later follows', async () => {
    const runId = await granted();
    journal.append(runId, { kind: 'started' });
    await waitUntil(() => journal.get(runId)!.ackedSeq === 1, 'the start to be acknowledged');
    journal.append(runId, { kind: 'stdout', text: '1\n' });
    await waitUntil(() => journal.get(runId)!.ackedSeq === 2, 'the output to be acknowledged');
    journal.append(runId, ended);
    await waitUntil(() => journal.get(runId) === null, 'the run to be acknowledged');
    expect(sent).toEqual([['started'], ['stdout'], ['ended']]);
  });

  it('RU16 output does not wait for an end that does not come', async () => {
    const runId = await granted();
    journal.append(runId, { kind: 'started' });
    journal.append(runId, { kind: 'stdout', text: '1\n' });
    await waitUntil(() => journal.get(runId)!.ackedSeq === 2, 'the output to be acknowledged');
    expect(sent.flat()).toEqual(['started', 'stdout']);
  });
});
