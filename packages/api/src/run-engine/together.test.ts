import type { SqlTx } from '@markco/db/sql';
import { makeDevice, makeProject, makeRequest } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { acceptRun } from './accept-run.ts';
import { createRun } from './create-run.ts';
import { lockName, lockRun } from './lock-run.ts';
import { recordRunEvents } from './record-run-event.ts';

let t: TestEngine;
let deviceId: string;
beforeEach(async () => {
  t = await testEngine({ started: false });
  const made = await makeDevice(t.resources, t.ada, [t.project], { script: () => {} });
  deviceId = made.deviceId;
  await made.device.connect();
});
afterEach(() => t.close());

const tap = async (over = {}) => (await createRun(t.resources, t.ada, makeRequest(t.resources, t.project, over))).id;
/** Offered to the computer, each in a session of its own: as many as it may take. */
const offered = () => Promise.all([1, 2, 3, 4].map((n) => tap({ sessionName: `s${n}` })));
const accept = (runId: string, by = deviceId) => acceptRun(t.resources, by, runId, 1);
const granted = async () => {
  const ids = await offered();
  await Promise.all(ids.map((id) => accept(id)));
  return ids;
};
const said = (runId: string, from = 1) =>
  recordRunEvents(t.resources, deviceId, runId, 1, [
    { seq: from, at: Date.now(), body: { kind: 'started' } },
    { seq: from + 1, at: Date.now(), body: { kind: 'stdout', text: 'a line\n' } },
    { seq: from + 2, at: Date.now(), body: { kind: 'ended', outcome: 'completed', durationMs: 1 } },
  ]);

/** Somebody else has the row until the function this resolves with is called. */
const holdRow = (runId: string) => hold((tx) => lockRun(tx, runId));

async function hold(lock: (tx: SqlTx) => Promise<unknown>): Promise<() => Promise<void>> {
  let letGo: () => void = () => {};
  const until = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let done: Promise<void> = Promise.resolve();
  await new Promise<void>((held) => {
    done = t.resources.sql.tx(async (tx) => {
      await lock(tx);
      held();
      await until;
    });
  });
  return () => {
    letGo();
    return done;
  };
}

describe('what waits at the same time', () => {
  it('RU10: ACCEPTs of one moment are granted together; one whose row somebody has waits for it alone', async () => {
    const [taken, ...free] = await offered();
    const letGo = await holdRow(taken!);
    const waits = accept(taken!);
    expect(await Promise.all(free.map((id) => accept(id)))).toEqual(['granted', 'granted', 'granted']);
    expect((await t.run(taken!)).state).toBe('offered');
    await letGo();
    expect(await waits).toBe('granted');
    const starts = await t.resources.db.run.groupBy({ by: ['grantedAt', 'freshSession'], where: { id: { in: free } } });
    expect(starts).toMatchObject([{ freshSession: true }]);
  });

  it('RU6, RU10: a session or a computer whose lock somebody keeps holds up its own runs only', async () => {
    const [stuck, ...free] = await offered();
    const { sessionName } = await t.run(stuck!);
    await t.resources.db.runtimeSession.create({
      data: { userId: t.ada.userId, projectId: t.project.projectId, language: 'python', name: sessionName, target: 'device' },
    });
    const letSessionGo = await hold((tx) => tx.rows('SELECT 1 AS held FROM runtime_sessions FOR UPDATE'));
    const waits = accept(stuck!);
    expect(await Promise.all(free.map((id) => accept(id)))).toEqual(['granted', 'granted', 'granted']);
    expect((await t.run(stuck!)).state).toBe('offered');
    await letSessionGo();
    expect(await waits).toBe('granted');

    const others = await Promise.all(
      [1, 2].map((n) => makeDevice(t.resources, t.ada, [t.project], { name: `Desk ${n}`, script: () => {} })),
    );
    const ids = await Promise.all(
      others.map(({ deviceId: id }) => tap({ target: { kind: 'device', deviceId: id }, sessionName: `of ${id}` })),
    );
    for (const { device } of others) await device.connect();
    const letDeviceGo = await hold((tx) => lockName(tx, `device ${others[0]!.deviceId}`));
    const dispatched = t.engine.dispatchOnce();
    await t.untilRun(ids[1]!, (run) => run.state === 'offered');
    expect((await t.run(ids[0]!)).state).toBe('queued');
    await letDeviceGo();
    await dispatched;
    expect((await t.run(ids[0]!)).state).toBe('offered');
  });

  it('RU10: what is wrong with one ACCEPT is not wrong with the others, and each run is granted once', async () => {
    const [first, second, third] = await offered();
    const outcomes = await Promise.allSettled([
      accept(first!),
      accept(first!),
      accept(second!, 'not an id'),
      accept(second!),
      acceptRun(t.resources, deviceId, third!, 2),
      accept(t.resources.newId()),
    ]);
    const words = outcomes.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'));
    expect(words).toEqual(['granted', 'granted', 'failed', 'granted', 'denied', 'denied']);
    expect(await t.resources.db.run.groupBy({ by: ['state', 'attempt'], _count: true, orderBy: { state: 'asc' } })).toEqual([
      { state: 'offered', attempt: 1, _count: 2 },
      { state: 'running', attempt: 1, _count: 2 },
    ]);
  });

  it('RU6: a session that was there keeps its generation in a group as well', async () => {
    for (const id of await granted()) await said(id);
    await t.resources.db.runtimeSession.update({
      where: { userId_projectId_language_name: { userId: t.ada.userId, projectId: t.project.projectId, language: 'python', name: 's2' } },
      data: { endedAt: t.resources.clock.now() },
    });
    const again = await granted();
    const fresh = await Promise.all(again.map(async (id) => (await t.run(id)).freshSession));
    expect(fresh).toEqual([false, true, false, false]);
    const sessions = await t.resources.db.runtimeSession.findMany({ orderBy: { name: 'asc' } });
    expect(sessions.map(({ generation, endedAt, deviceId: at }) => ({ generation, endedAt, at }))).toEqual(
      [1, 2, 1, 1].map((generation) => ({ generation, endedAt: null, at: deviceId })),
    );
  });

  it('RU16: events of one moment are stored together; a gap, a stranger’s and a row somebody has are not in their way', async () => {
    const [taken, gap, ...free] = await granted();
    const letGo = await holdRow(taken!);
    const waits = said(taken!);
    const unknown = said(t.resources.newId());
    const late = recordRunEvents(t.resources, t.resources.newId(), free[0]!, 1, [{ seq: 1, at: 0, body: { kind: 'started' } }]);
    const answers = await Promise.all([said(gap!, 2), ...free.map((id) => said(id)), said(free[0]!)]);
    expect(answers).toEqual([{ ackedSeq: 0 }, { ackedSeq: 3 }, { ackedSeq: 3 }, { ackedSeq: 3 }]);
    expect(await unknown).toEqual({ ackedSeq: 0, ignored: 'unknown run' });
    expect((await late).ignored).toBe('the run belongs to another device');
    await letGo();
    expect(await waits).toEqual({ ackedSeq: 3 });
    for (const id of [taken!, ...free]) {
      const { state, lastSeq, logBytes } = await t.run(id);
      const [stored] = await t.resources.sql.rows<{ bytes: bigint }>(
        'SELECT sum(octet_length(body::text)) AS bytes FROM run_events WHERE run_id = $1::uuid',
        [id],
      );
      expect({ state, lastSeq, logBytes }).toEqual({ state: 'completed', lastSeq: 3, logBytes: stored!.bytes });
    }
    expect(await t.run(gap!)).toMatchObject({ state: 'running', lastSeq: 0 });
  });

  it('RU8, RU9: what waits for a computer is offered together, so many at most, behind any number that wait for others', async () => {
    const away = await makeDevice(t.resources, t.ada, [t.project], { name: 'Laptop' });
    const elsewhere = { kind: 'device' as const, deviceId: away.deviceId };
    const another = await makeProject(t.resources, t.ada);
    const asked = makeRequest(t.resources, another, { target: elsewhere, sessionName: 'old' });
    const old = (await createRun(t.resources, t.ada, asked)).id;
    // More than are read at a time.
    await t.resources.sql.rows(
      `INSERT INTO runs SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid(), 'session_name', 'old ' || n))).*
       FROM runs r, generate_series(1, 300) AS n WHERE r.id = $1::uuid`,
      [old],
    );
    const back = await makeDevice(t.resources, t.ada, [t.project], { name: 'Desk', script: () => {} });
    const here = { kind: 'device' as const, deviceId: back.deviceId };
    const ids = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => tap({ target: here, sessionName: `w${n}` })));
    await back.device.connect();
    await t.engine.dispatchOnce();
    const rows = await Promise.all(ids.map((id) => t.run(id)));
    expect(rows.map(({ state, attempt }) => `${state} ${attempt}`).sort()).toEqual([
      ...Array.from({ length: 4 }, () => 'offered 1'),
      ...Array.from({ length: 2 }, () => 'queued 0'),
    ]);
    const full = rows.filter(({ state }) => state === 'queued');
    expect(full.map(({ message }) => message)).toEqual(full.map(() => 'Desk is running as much as it can; this waits for a place'));
    await back.device.until(() => back.device.commands('offer').length === 4);
  });
});
