import { LOG_MAX_BYTES } from '@markco/core/run/log-text';
import type { RunEvent, RunEventBody } from '@markco/core/run/run-event';
import { makeDevice, makeRequest } from '@markco/testing/run-factories';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { acceptRun } from './accept-run.ts';
import { createRun } from './create-run.ts';
import { recordRunEvents } from './record-run-event.ts';
import { watchRun } from './watch-run.ts';

let t: TestEngine;
let deviceId: string;
beforeEach(async () => {
  t = await testEngine({ started: false });
  const made = await makeDevice(t.resources, t.ada, [t.project], { script: () => {} });
  deviceId = made.deviceId;
  await made.device.connect();
});
afterEach(() => t.close());

async function runningRun(): Promise<string> {
  const request = makeRequest(t.resources, t.project, { sessionName: t.resources.newId() });
  await createRun(t.resources, t.ada, request);
  await t.engine.dispatchOnce();
  expect(await acceptRun(t.resources, deviceId, request.runId, 1)).toBe('granted');
  return request.runId;
}
const event = (seq: number, body: RunEventBody = { kind: 'stdout', text: `${seq}\n` }): RunEvent => ({ seq, at: Date.now(), body });
const record = (runId: string, events: RunEvent[], attempt = 1) => recordRunEvents(t.resources, deviceId, runId, attempt, events);
const seqs = async (runId: string) =>
  (await t.resources.db.runEvent.findMany({ where: { runId }, orderBy: { seq: 'asc' } })).map((e) => e.seq);

describe('record-run-event', () => {
  it('RU16: acknowledges the highest contiguous event; repeats and gaps change nothing else', async () => {
    const runId = await runningRun();
    expect(await record(runId, [event(1), event(2)])).toEqual({ ackedSeq: 2 });
    expect(await record(runId, [event(4), event(5)])).toEqual({ ackedSeq: 2 });
    expect(await record(runId, [event(1), event(2)])).toEqual({ ackedSeq: 2 });
    expect(await record(runId, [event(3)])).toEqual({ ackedSeq: 5 });
    expect(await seqs(runId)).toEqual([1, 2, 3, 4, 5]);
  });

  it('RU16: whatever the order, the overlap and the interleaving of batches, every event is stored once and ends the run once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { minLength: 1, maxLength: 12 }),
        fc.boolean(),
        async (slices, parallel) => {
          const runId = await runningRun();
          const all = Array.from({ length: 12 }, (_, i) =>
            event(i + 1, i === 11 ? { kind: 'ended', outcome: 'completed', durationMs: 1 } : undefined),
          );
          const batches = slices.map(([a, b]) => all.slice(Math.min(a, b), Math.max(a, b) + 1));
          if (parallel) await Promise.all(batches.map((batch) => record(runId, batch)));
          else for (const batch of batches) await record(runId, batch);
          expect((await record(runId, all)).ackedSeq).toBe(12);
          expect(await seqs(runId)).toEqual(all.map((e) => e.seq));
          expect(await t.run(runId)).toMatchObject({ state: 'completed', lastSeq: 12 });
        },
      ),
      { numRuns: 12 },
    );
  });

  it('RU10, RU16: another device, another attempt and a run that was not granted are refused', async () => {
    const runId = await runningRun();
    expect((await recordRunEvents(t.resources, t.resources.newId(), runId, 1, [event(1)])).ignored).toContain('another device');
    expect((await record(runId, [event(1)], 2)).ignored).toContain('attempt');
    expect((await record(t.resources.newId(), [event(1)])).ignored).toBe('unknown run');
    expect(await seqs(runId)).toEqual([]);
  });

  it('RU16: NUL and broken Unicode, which the database refuses, become U+FFFD', async () => {
    const runId = await runningRun();
    await record(runId, [event(1, { kind: 'stdout', text: 'a\0b\ud800c\\u0000d' })]);
    const row = await t.resources.db.runEvent.findFirstOrThrow({ where: { runId } });
    expect((row.body as { text: string }).text).toBe('a\ufffdb\ufffdc\\u0000d');
  });

  it('RU18: an event over 256 KB leaves a note in its place', async () => {
    const runId = await runningRun();
    expect(await record(runId, [event(1, { kind: 'stdout', text: 'x'.repeat(300_000) })])).toEqual({ ackedSeq: 1 });
    expect((await t.resources.db.runEvent.findFirstOrThrow({ where: { runId } })).kind).toBe('note');
  });

  it('RU18: a log keeps its first 1 MB and last 9 MB, names what is hidden, and keeps its end', async () => {
    const runId = await runningRun();
    const chunk = 'x'.repeat(200_000);
    for (let from = 1; from <= 90; from += 10) {
      await record(
        runId,
        Array.from({ length: 10 }, (_, i) => event(from + i, { kind: 'stdout', text: chunk })),
      );
    }
    await record(runId, [event(91, { kind: 'ended', outcome: 'completed', durationMs: 1 })]);
    const run = await t.run(runId);
    expect(Number(run.logBytes)).toBeLessThanOrEqual(LOG_MAX_BYTES);
    expect(run).toMatchObject({ state: 'completed', lastSeq: 91 });
    const rows = await t.resources.db.runEvent.findMany({ where: { runId }, orderBy: { seq: 'asc' } });
    const notes = rows.filter((row) => row.kind === 'note');
    expect(notes).toHaveLength(1);
    const hidden = (notes[0]!.body as { hiddenBytes: number }).hiddenBytes;
    const kept = rows.filter((row) => row.kind === 'stdout').length;
    expect(Math.round(hidden / 200_000) + kept).toBe(90);
    expect(rows.slice(0, 5).every((row) => row.kind === 'stdout')).toBe(true);
    expect((await t.watch(runId)).filter((item) => item.type === 'event')).toHaveLength(rows.length);
  });

  it('RU14: a question sets awaitingInput until it is answered or the run ends', async () => {
    const runId = await runningRun();
    await record(runId, [
      event(1, { kind: 'started' }),
      event(2, { kind: 'stdin_request', prompt: 'Name? ', password: false, execId: 'x' }),
    ]);
    expect((await t.run(runId)).awaitingInput).toEqual({ prompt: 'Name? ', password: false, execId: 'x' });
    await record(runId, [event(3, { kind: 'stdin_answered', shown: 'Ada' })]);
    expect((await t.run(runId)).awaitingInput).toBeNull();
  });

  it('AG5, OP2: a runtime that took the place of another, and one ended by force, are counted once, however often it is told', async () => {
    const runId = await runningRun();
    const events = [
      event(1, { kind: 'started', fresh: true, replaces: 'out_of_memory' }),
      event(2, { kind: 'ended', outcome: 'interrupted', reason: 'force_stopped', durationMs: 1 }),
    ];
    await record(runId, events.slice(0, 1));
    await record(runId, events);
    await record(runId, events);
    const counted = (await t.resources.metrics.getSingleMetricAsString('runtime_restarts_total'))
      .split('\n')
      .filter((line) => line[0] !== '#');
    expect(counted.sort()).toEqual(['runtime_restarts_total{reason="forced"} 1', 'runtime_restarts_total{reason="out_of_memory"} 1']);
  });

  it('RU22: the times of a run last as long as the agent measured, whatever its clock says', async () => {
    const runId = await runningRun();
    await record(runId, [
      { seq: 1, at: 0, body: { kind: 'started' } },
      { seq: 2, at: 5, body: { kind: 'ended', outcome: 'completed', durationMs: 0 } },
    ]);
    const run = await t.run(runId);
    expect(run.endedAt!.getTime()).toBeGreaterThanOrEqual(run.startedAt!.getTime());
    expect(run.startedAt!.getTime()).toBeGreaterThanOrEqual(run.grantedAt!.getTime());
  });
});

describe('watch-run', () => {
  it('RU17: watchers that join at any time, from any event, see no gap and no repeat', async () => {
    const runId = await runningRun();
    const other = t.anotherProcess().resources;
    const watch = async (after: number, resources: typeof other) => {
      const seen: number[] = [];
      for await (const item of watchRun(resources, t.ada, runId, after, new AbortController().signal)) {
        if (item.type === 'event') seen.push(item.event.seq);
      }
      return seen;
    };
    const watchers: Promise<number[]>[] = [];
    for (let seq = 1; seq <= 60; seq++) {
      const end: RunEventBody = { kind: 'ended', outcome: 'completed', durationMs: 1 };
      if (seq % 10 === 1) watchers.push(watch(seq - 1, seq % 20 === 1 ? t.resources : other), watch(0, other));
      await record(runId, [event(seq, seq === 60 ? end : undefined)]);
    }
    const results = await Promise.all(watchers);
    results.forEach((seen, i) => {
      const from = i % 2 === 0 ? 1 + 5 * i : 1;
      expect(seen).toEqual(Array.from({ length: 61 - from }, (_, k) => from + k));
    });
  });

  it('RU17: a watcher stops with its signal and leaves nothing behind', async () => {
    const runId = await runningRun();
    const abort = new AbortController();
    const first = watchRun(t.resources, t.ada, runId, 0, abort.signal);
    expect((await first.next()).value).toMatchObject({ type: 'run', run: { state: 'running' } });
    const pending = first.next();
    abort.abort();
    expect((await pending).done).toBe(true);
  });

  it('RU17: a database that cannot be asked, at the start or in between, costs a pause and no event', async () => {
    const runId = await runningRun();
    let away = 1;
    const rows: typeof t.resources.sql.rows = (text, values) =>
      away-- > 0 ? Promise.reject(new Error('connection terminated')) : t.resources.sql.rows(text, values);
    const resources = { ...t.resources, sql: { ...t.resources.sql, rows } };
    const seen: number[] = [];
    await record(runId, [event(1)]);
    for await (const item of watchRun(resources, t.ada, runId, 0, new AbortController().signal)) {
      if (item.type !== 'event') continue;
      seen.push(item.event.seq);
      away = 1;
      const end: RunEventBody = { kind: 'ended', outcome: 'completed', durationMs: 1 };
      if (item.event.seq < 3) await record(runId, [event(item.event.seq + 1, item.event.seq === 2 ? end : undefined)]);
    }
    expect(seen).toEqual([1, 2, 3]);
  });

  it('SE1: the run of another person does not exist', async () => {
    const runId = await runningRun();
    const watching = watchRun(t.resources, { ...t.ada, userId: t.resources.newId() }, runId, 0, new AbortController().signal);
    await expect(watching.next()).rejects.toMatchObject({ code: 'not_found' });
  });
});
