import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '@markco/sync/log';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outgoing } from '../connection/connection.ts';
import { Journal } from '../journal/journal.ts';
import { FakePool } from '../test-support/fake-pool.ts';
import { sampleOffer } from '../test-support/sample-offer.ts';
import { waitUntil } from '../test-support/wait-until.ts';
import { RunManager } from './run-manager.ts';

let dir: string;
let journal: Journal;
let pool: FakePool;
let runs: RunManager;
let sent: Outgoing[];

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-run-manager-'));
  journal = new Journal(dir);
  pool = new FakePool({ hello: ({ print }) => print('hello\n') });
  sent = [];
  runs = new RunManager({
    journal,
    pool,
    send: async (message) => sent.push(message),
    allowRuns: () => true,
    waitForFiles: async () => null,
    log: silentLog,
  });
});
afterEach(async () => {
  await runs.stop();
  journal.close();
  rmSync(dir, { recursive: true, force: true });
});

const request = { messageId: 'm', userId: 'u', deviceId: 'd', timestamp: 0, type: 'MRP_REQUEST' as const };
const accepts = () => sent.filter((message) => message.type === 'MRP_RESPONSE' && message.kind === 'accept').length;

describe('what the server decided on a reconnect', () => {
  it.each(['forget', 'withdraw'] as const)('RU11 "%s" of the attempt that was reported leaves a newer one alone', async (action) => {
    const offer = sampleOffer({ code: 'hello' });
    runs.handle({ ...request, kind: 'offer', offer });
    await waitUntil(() => accepts() === 1);
    expect(runs.resume()).toMatchObject([{ attempt: 1, phase: 'accepted' }]);
    // The next attempt is offered, and taken, before the answer about this one is here.
    runs.handle({ ...request, kind: 'offer', offer: { ...offer, attempt: 2 } });
    await waitUntil(() => accepts() === 2);
    runs.resumed({ runs: [{ runId: offer.runId, ackedSeq: 0, action }] });
    runs.handle({ ...request, kind: 'grant', runId: offer.runId, attempt: 2 });
    await waitUntil(() => journal.get(offer.runId)?.phase === 'ended', 'the run to end');
    expect(pool.executions).toEqual([offer.runId]);
  });

  it('RU11 "withdraw" of the attempt that was reported takes it back', async () => {
    const offer = sampleOffer({ code: 'hello' });
    runs.handle({ ...request, kind: 'offer', offer });
    await waitUntil(() => accepts() === 1);
    runs.resume();
    runs.resumed({ runs: [{ runId: offer.runId, ackedSeq: 0, action: 'withdraw' }] });
    expect(journal.get(offer.runId)).toBeNull();
  });
});
