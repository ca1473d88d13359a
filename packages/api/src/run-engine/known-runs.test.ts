import type { SqlTx } from '@markco/db/sql';
import { runsEverything } from '@markco/testing/fake-device';
import { makeDevice, makeRequest } from '@markco/testing/run-factories';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { createRun } from './create-run.ts';

let t: TestEngine;
beforeEach(async () => {
  t = await testEngine({ started: false });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await t.close();
});

/** How often somebody waited for a statement of a transaction, from now on. */
function countWaits() {
  const waits = { count: 0 };
  const { tx } = t.resources.sql;
  vi.spyOn(t.resources.sql, 'tx').mockImplementation((fn) =>
    tx((inner) => {
      const rows: SqlTx['rows'] = (text, values) => {
        waits.count++;
        return inner.rows(text, values);
      };
      return fn(Object.assign(Object.create(inner), { rows }));
    }),
  );
  return waits;
}

/** A run that a silent device was offered. */
async function offered() {
  const made = await makeDevice(t.resources, t.ada, [t.project], { script: () => {} });
  await made.device.connect();
  const { runId } = makeRequest(t.resources, t.project);
  const begin = async (id: string) => {
    await createRun(t.resources, t.ada, { ...makeRequest(t.resources, t.project), runId: id });
    await made.device.until(() => made.device.commands('offer', id).length === 1);
  };
  return { ...made, runId, begin };
}

/** Leaves a session on the device, where the next run finds it. */
async function withSession() {
  const made = await offered();
  const earlier = makeRequest(t.resources, t.project).runId;
  await made.begin(earlier);
  await made.device.accept(earlier, 1);
  made.device.begin(earlier, 1);
  await made.device.emit(earlier, 1, [{ kind: 'started' }, { kind: 'ended', outcome: 'completed', durationMs: 1 }]);
  await made.begin(made.runId);
  return made;
}

it('RU10, RU16: a device that answers an offer of this process, and begins, makes nobody wait for what is known', async () => {
  const { device, runId } = await withSession();
  const waits = countWaits();
  expect(await device.accept(runId, 1)).toMatchObject({ ok: true });
  device.begin(runId, 1);
  await device.emit(runId, 1, [
    { kind: 'started' },
    { kind: 'stdout', text: '1\n' },
    { kind: 'ended', outcome: 'completed', durationMs: 1 },
  ]);
  expect(waits.count).toBe(0);
  expect(await t.run(runId)).toMatchObject({ state: 'completed', lastSeq: 3, freshSession: false, ranOn: expect.any(String) });
  expect(await t.watch(runId)).toHaveLength(4);
});

it('RU6: where the session is not on the device any more, the grant says so', async () => {
  const { device, runId } = await withSession();
  await t.resources.db.runtimeSession.updateMany({ data: { endedAt: t.resources.clock.now() } });
  expect(await device.accept(runId, 1)).toMatchObject({ ok: true });
  expect(await t.run(runId)).toMatchObject({ state: 'running', freshSession: true });
  expect(await t.resources.db.runtimeSession.findFirstOrThrow()).toMatchObject({ endedAt: null });
});

it('RU10: an offer that another process took back is denied', async () => {
  const { device, runId } = await withSession();
  await t.resources.db.run.updateMany({ where: { id: runId }, data: { state: 'cancelled', endedAt: t.resources.clock.now() } });
  expect(await device.accept(runId, 1)).toMatchObject({ ok: false });
  await device.until(() => device.commands('deny', runId).length === 1);
});

it('RU16: what happened to the run in another process before its first events is not lost', async () => {
  const { device, runId } = await withSession();
  await device.accept(runId, 1);
  const asked = t.resources.clock.now();
  await t.resources.db.run.updateMany({ where: { id: runId }, data: { cancelRequestedAt: asked, contactLostSince: asked } });
  // The third event came there first.
  await t.resources.sql.rows(
    `INSERT INTO run_events (run_id, seq, at, kind, body) VALUES ($1::uuid, 3, now(), 'ended', '{"kind":"ended","outcome":"interrupted","durationMs":1}')`,
    [runId],
  );
  device.begin(runId, 1);
  await device.emit(runId, 1, [{ kind: 'started' }, { kind: 'stdout', text: '1\n' }]);
  expect(await t.run(runId)).toMatchObject({ state: 'interrupted', lastSeq: 3, cancelRequestedAt: asked });
});

it('RU10: the same ACCEPT again is granted again, and counts once', async () => {
  const { device, runId } = await withSession();
  expect(await device.accept(runId, 1)).toMatchObject({ ok: true });
  expect(await device.accept(runId, 1)).toMatchObject({ ok: true });
  await device.until(() => device.commands('grant', runId).length === 2);
  const other = await makeDevice(t.resources, t.ada, [t.project], { script: runsEverything });
  await other.device.connect();
  expect(await other.device.accept(runId, 1)).toMatchObject({ ok: false });
});
