import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleOffer } from '../test-support/sample-offer.ts';
import { Journal, MAX_UNACKED_BYTES } from './journal.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-journal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const text = (text: string) => ({ kind: 'stdout' as const, text });
const ended = { kind: 'ended' as const, outcome: 'completed' as const, durationMs: 1 };
const reopen = (journal: Journal) => {
  journal.close();
  return new Journal(dir);
};

describe('journal', () => {
  it('RU10 grants an accepted run once, also after a restart', async () => {
    let journal = new Journal(dir);
    const offer = sampleOffer();
    expect(await journal.grant(offer.runId, 1)).toBe(false);
    journal.offer(offer);
    journal = reopen(journal);
    expect(journal.get(offer.runId)).toMatchObject({ phase: 'accepted', alive: false });
    expect(await journal.grant(offer.runId, 2)).toBe(false);
    const both = await Promise.all([journal.grant(offer.runId, 1), journal.grant(offer.runId, 1)]);
    expect(both.filter(Boolean)).toHaveLength(1);
    journal = reopen(journal);
    expect(await journal.grant(offer.runId, 1)).toBe(false);
    expect(journal.get(offer.runId)).toMatchObject({ phase: 'started', alive: false });
    expect(() => journal.offer({ ...offer, attempt: 2 })).toThrow();
  });

  it('RU10 remembers a pruned run, so that a late offer or grant executes nothing', async () => {
    let journal = new Journal(dir);
    const offer = sampleOffer();
    journal.offer(offer);
    await journal.grant(offer.runId, 1);
    journal.append(offer.runId, ended);
    journal.ack(offer.runId, 1);
    expect(journal.get(offer.runId)).toBeNull();
    journal = reopen(journal);
    expect(journal.finished(offer.runId)).toBe(1);
    expect(() => journal.offer(offer)).toThrow();
    expect(readdirSync(dir)).toEqual(['finished.txt']);
    const later = new Journal(dir, () => Date.now() + 72 * 3600 * 1000);
    expect(later.finished(offer.runId)).toBeUndefined();
  });

  it('RU16 keeps what is not acknowledged, in order, over restarts', async () => {
    let journal = new Journal(dir);
    const { runId } = await grantedRun(journal);
    for (const word of ['a', 'b', 'c']) journal.append(runId, text(word));
    journal.ack(runId, 1);
    journal = reopen(journal);
    expect(journal.unacked(runId, 1, 1e6, 100).map((e) => [e.seq, e.body])).toEqual([
      [2, text('b')],
      [3, text('c')],
    ]);
    expect(journal.unacked(runId, 2, 1, 100)).toHaveLength(1);
    expect(journal.unacked(runId, 0, 1e6, 1)).toHaveLength(1);
    journal.ack(runId, 99);
    expect(journal.get(runId)).toMatchObject({ ackedSeq: 3, lastSeq: 3 });
    expect(() => journal.append(runId, ended)).not.toThrow();
    expect(() => journal.append(runId, text('late'))).toThrow();
  });

  it('RU18 holds the printer back while too much waits, and its file stays bounded', async () => {
    const journal = new Journal(dir);
    const { runId } = await grantedRun(journal);
    const block = text('x'.repeat(200_000));
    while (!journal.room(runId)) journal.append(runId, block);
    const waiting = journal.room(runId)!;
    const last = journal.get(runId)!.lastSeq;
    journal.ack(runId, last);
    await waiting;
    for (let i = 0; i < 200; i++) journal.ack(runId, journal.append(runId, block).seq);
    expect(statSync(path.join(dir, `${runId}.log`)).size).toBeLessThan(4 * MAX_UNACKED_BYTES);
    const again = reopen(journal);
    expect(again.get(runId)).toMatchObject({ lastSeq: last + 200, ackedSeq: last + 200, phase: 'started' });
  });

  it('RU10 RU16 property: crashes at random points never execute twice and lose no event that reached the disk', async () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('offer' as const), run: fc.nat(2), attempt: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ op: fc.constant('grant' as const), run: fc.nat(2), attempt: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ op: fc.constant('event' as const), run: fc.nat(2), last: fc.boolean() }),
      fc.record({ op: fc.constant('ack' as const), run: fc.nat(2), seq: fc.nat(12) }),
      fc.record({ op: fc.constant('crash' as const), cut: fc.nat(400) }),
    );
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), checkCrashes), { numRuns: 50 });
  });
});

async function grantedRun(journal: Journal) {
  const offer = sampleOffer();
  journal.offer(offer);
  await journal.grant(offer.runId, 1);
  return offer;
}

type Step =
  | { op: 'offer' | 'grant'; run: number; attempt: number }
  | { op: 'event'; run: number; last: boolean }
  | { op: 'ack'; run: number; seq: number }
  | { op: 'crash'; cut: number };

/** A model of what the disk must hold: bytes that were synced survive a power cut, the rest may be cut off at any byte. */
async function checkCrashes(steps: Step[]): Promise<void> {
  const home = mkdtempSync(path.join(dir, 'p-'));
  let journal = new Journal(home);
  const offers = [sampleOffer(), sampleOffer(), sampleOffer()];
  const model = offers.map(() => ({ executed: 0, durable: 0, texts: new Map<number, string>(), acked: 0 }));
  for (const [at, step] of steps.entries()) {
    if (step.op === 'crash') {
      journal.close();
      for (const [i, m] of model.entries()) cutTail(path.join(home, `${offers[i]!.runId}.log`), m.durable, step.cut);
      journal = new Journal(home);
      for (const [i, m] of model.entries()) expectKept(journal, offers[i]!.runId, m);
      continue;
    }
    const { runId } = offers[step.run]!;
    const m = model[step.run]!;
    const file = path.join(home, `${runId}.log`);
    if (step.op === 'offer') attempt(() => journal.offer({ ...offers[step.run]!, attempt: step.attempt }));
    else if (step.op === 'grant') {
      if (await journal.grant(runId, step.attempt)) {
        m.executed++;
        m.durable = statSync(file).size;
      }
    } else if (step.op === 'event' && journal.get(runId)?.alive) {
      const event = journal.append(runId, step.last ? ended : text(`${at}`));
      m.texts.set(event.seq, JSON.stringify(event));
    } else if (step.op === 'ack') {
      const known = journal.get(runId);
      journal.ack(runId, step.seq);
      if (known) m.acked = Math.max(m.acked, Math.min(step.seq, known.lastSeq));
    }
    expect(m.executed).toBeLessThanOrEqual(1);
  }
  journal.close();
}

function cutTail(file: string, durable: number, cut: number): void {
  try {
    truncateSync(file, Math.max(durable, statSync(file).size - cut));
  } catch {
    // Pruned, or never offered.
  }
}

function expectKept(journal: Journal, runId: string, m: { executed: number; texts: Map<number, string>; acked: number }): void {
  const run = journal.get(runId);
  if (m.executed > 0) expect(run?.phase !== 'accepted' && (run !== null || journal.finished(runId) !== undefined)).toBe(true);
  if (!run) return;
  const kept = journal.unacked(runId, 0, Number.MAX_SAFE_INTEGER, 10_000);
  // What is there is what was written, without a gap; only the end may be missing.
  kept.forEach((event, i) => {
    expect(event.seq).toBe(run.lastSeq - kept.length + i + 1);
    expect(JSON.stringify(event)).toBe(m.texts.get(event.seq));
  });
  expect(run.ackedSeq).toBeLessThanOrEqual(m.acked);
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Refused: granted or finished already.
  }
}
