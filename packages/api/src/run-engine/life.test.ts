import type { EventBus } from '@markco/core/bus';
import type { RunEventBody } from '@markco/core/run/run-event';
import { runsEverything, type Script } from '@markco/testing/fake-device';
import { makeDevice, makeRequest, makeWorker } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { answerInput } from './answer-input.ts';
import { cancelRun } from './cancel-run.ts';
import { createBatch } from './create-batch.ts';
import { createRun } from './create-run.ts';
import { decideWaiting } from './decide-waiting.ts';
import { toRunView, withProjectSlug } from './run-row.ts';

const HOUR = 3_600_000;
const ended: RunEventBody = { kind: 'ended', outcome: 'completed', durationMs: 1 };
let t: TestEngine;
beforeEach(async () => {
  t = await testEngine({ started: false });
});
afterEach(() => t.close());

/** Accepts, starts and then leaves the run running. */
const staysRunning: Script = async (command, self) => {
  if (command.kind !== 'grant') return runsEverything(command, self);
  if (self.begin(command.runId, command.attempt)) await self.emit(command.runId, command.attempt, [{ kind: 'started' }]);
};

/** A bus that is cut: what is said over it reaches nobody. */
const deaf = (bus: EventBus): EventBus => ({ ...bus, publish: async () => {} });

async function begin(script: Script = staysRunning) {
  const made = await makeDevice(t.resources, t.ada, [t.project], { script });
  await made.device.connect();
  const request = makeRequest(t.resources, t.project);
  await createRun(t.resources, t.ada, request);
  await t.engine.dispatchOnce();
  return { ...made, runId: request.runId };
}
const view = async (runId: string) =>
  toRunView(await t.resources.db.run.findUniqueOrThrow({ where: { id: runId }, include: withProjectSlug }));
const started = (runId: string) => t.untilRun(runId, (run) => run.startedAt !== null);

describe('cancel (RU12)', () => {
  it('RU12: waiting runs are cancelled at once, offered ones too, and their device is told', async () => {
    const { device, runId } = await begin(() => {});
    const waiting = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, waiting);
    expect((await cancelRun(t.resources, t.ada, waiting.runId, false)).state).toBe('cancelled');
    expect((await cancelRun(t.resources, t.ada, runId, false)).state).toBe('cancelled');
    await device.until(() => device.commands('deny', runId).length === 1);
    expect(await device.accept(runId, 1)).toMatchObject({ ok: false });
    expect((await cancelRun(t.resources, t.ada, runId, true)).state).toBe('cancelled');
  });

  it('RU12: a running one is asked to stop, by force when the person says so, and ends when its device says it', async () => {
    const { device, runId } = await begin();
    await started(runId);
    expect(await cancelRun(t.resources, t.ada, runId, false)).toMatchObject({ state: 'running', message: 'Stopping…' });
    await cancelRun(t.resources, t.ada, runId, true);
    await device.until(() => device.commands('cancel', runId).length === 2);
    expect(device.commands('cancel', runId).map((c) => c.kind === 'cancel' && c.force)).toEqual([false, true]);
    await device.emit(runId, 1, [{ kind: 'ended', outcome: 'interrupted', durationMs: 5 }]);
    expect((await t.run(runId)).state).toBe('interrupted');
  });

  it('RU12: with the device away the cancel is kept and goes first when it is back', async () => {
    const { device, runId } = await begin();
    await started(runId);
    await device.disconnect();
    await cancelRun(t.resources, t.ada, runId, false);
    await device.connect();
    await device.until(() => device.commands('cancel', runId).length === 1);
  });

  it('RU12: a cancel the bus lost is found in its row by the process with the socket, and told once', async () => {
    const { device, runId } = await begin();
    await started(runId);
    const other = t.anotherProcess();
    const cut = { ...other.resources, bus: deaf(t.resources.bus) };
    const sweep = async () => {
      for (const { engine } of [other, t]) await engine.sweepOnce();
      t.resources.advance(2_500);
    };
    const forced = async (...wanted: boolean[]) => {
      await device.until(() => device.commands('cancel', runId).length >= wanted.length);
      expect(device.commands('cancel', runId).map((c) => c.kind === 'cancel' && c.force)).toEqual(wanted);
    };
    await cancelRun(cut, t.ada, runId, false);
    for (let i = 0; i < 3; i++) await sweep();
    await forced(false);
    await cancelRun(cut, t.ada, runId, true);
    for (let i = 0; i < 3; i++) await sweep();
    await forced(false, true);
    // The bus is back: this word comes behind all that were said before.
    await cancelRun(other.resources, t.ada, runId, true);
    await forced(false, true, true);
  });

  it('RU12: a Stop that did not reach the code is open no longer: the run is said to run, and the next one is told though the bus is cut', async () => {
    const { device, runId } = await begin();
    await started(runId);
    await cancelRun(t.resources, t.ada, runId, false);
    await device.until(() => device.commands('cancel', runId).length === 1);
    await device.emit(runId, 1, [{ kind: 'note', text: 'Stop did not reach the code: refused.', stopUnreached: true }]);
    const inVain = { state: 'running', cancelRequestedAt: null, message: 'Running. Stop did not reach the code' };
    expect(await view(runId)).toMatchObject({ ...inVain, stopUnreachedAt: expect.any(Date) });
    await cancelRun({ ...t.anotherProcess().resources, bus: deaf(t.resources.bus) }, t.ada, runId, false);
    expect(await view(runId)).toMatchObject({ cancelRequestedAt: expect.any(Date), message: 'Stopping…' });
    t.resources.advance(2_500);
    await t.engine.sweepOnce();
    await device.until(() => device.commands('cancel', runId).length === 2);
    await cancelRun(t.resources, t.ada, runId, true);
    await device.emit(runId, 1, [{ kind: 'note', text: 'Stop did not reach the code: refused.', stopUnreached: true }]);
    expect(await view(runId)).toMatchObject({ cancelRequestedAt: expect.any(Date), message: 'Stopping by force…' });
  });

  it('RU12: what was given up while only its heartbeats were missing is stopped when the next one comes, without a new socket', async () => {
    const { device, runId } = await begin();
    await started(runId);
    t.resources.advance(36_000);
    await t.engine.sweepOnce();
    await cancelRun(t.resources, t.ada, runId, true);
    expect(await t.run(runId)).toMatchObject({ state: 'interrupted', exitReason: 'device_lost' });
    await device.heartbeat();
    await device.until(() => device.commands('cancel', runId).length === 1);
    await device.heartbeat();
    expect(device.commands('cancel', runId)).toMatchObject([{ force: true }]);
  });

  it('RU4: interrupting one run of a batch cancels the ones after it', async () => {
    const { device, runId } = await begin();
    await started(runId);
    const batch = Array.from({ length: 3 }, () => makeRequest(t.resources, t.project));
    await createBatch(t.resources, t.ada, t.resources.newId(), batch);
    await cancelRun(t.resources, t.ada, batch[1]!.runId, false);
    expect((await t.run(batch[0]!.runId)).state).toBe('queued');
    expect((await t.run(batch[2]!.runId)).exitReason).toBe('upstream_failed');
    expect(device.executed).toEqual([runId]);
  });

  it('SE1: nobody else can cancel it', async () => {
    const { runId } = await begin();
    await expect(cancelRun(t.resources, { ...t.ada, userId: t.resources.newId() }, runId, false)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('questions (RU14)', () => {
  it('RU14: the first answer wins, reaches the device, and lies nowhere', async () => {
    const { device, runId } = await begin();
    await started(runId);
    await device.emit(runId, 1, [{ kind: 'stdin_request', prompt: 'Password: ', password: true, execId: 'x' }]);
    const text = 'correct horse battery';
    const answers = await Promise.allSettled([1, 2, 3].map(() => answerInput(t.resources, t.ada, { runId, execId: 'x', text })));
    expect(answers.filter((a) => a.status === 'fulfilled')).toHaveLength(1);
    await device.until(() => device.commands('input', runId).length > 0);
    expect(device.commands('input', runId)).toMatchObject([{ text, secret: true, execId: 'x', by: 'Ada' }]);
    const rows = JSON.stringify([await t.run(runId), await t.resources.db.runEvent.findMany()], (_, v) =>
      typeof v === 'bigint' ? String(v) : v,
    );
    expect(rows).not.toContain(text);
  });

  it('RU14: an answer that is lost on its way is asked for again, and only then', async () => {
    const { device, runId } = await begin();
    await started(runId);
    await device.emit(runId, 1, [{ kind: 'stdin_request', prompt: '? ', password: false, execId: 'x' }]);
    const answer = { runId, execId: 'x', text: 'forty-two' };
    const asked = async () => (await view(runId)).awaitingInput;
    await device.disconnect();
    await answerInput(t.resources, t.ada, answer);
    await device.connect();
    await t.engine.sweepOnce();
    expect(await asked()).toBeNull();
    await expect(answerInput(t.resources, t.ada, answer)).rejects.toMatchObject({ code: 'conflict' });
    t.resources.advance(11_000);
    await t.engine.sweepOnce();
    expect(await asked()).toEqual({ prompt: '? ', password: false, execId: 'x' });
    await answerInput(t.resources, t.ada, answer);
    await device.until(() => device.commands('input', runId).length === 1);
    await device.emit(runId, 1, [{ kind: 'stdin_answered' }]);
    t.resources.advance(11_000);
    await t.engine.sweepOnce();
    expect(await asked()).toBeNull();
  });

  it('RU14: an answer across processes is sealed on the bus', async () => {
    const { device, runId } = await begin();
    await started(runId);
    await device.emit(runId, 1, [{ kind: 'stdin_request', prompt: '? ', password: false, execId: 'x' }]);
    const other = t.anotherProcess().resources;
    const carried: unknown[] = [];
    const stop = other.bus.subscribe('device.command', (message) => carried.push(message));
    await answerInput(other, t.ada, { runId, execId: 'x', text: 'forty-two' });
    await device.until(() => device.commands('input', runId).length === 1);
    stop();
    expect(device.commands('input', runId)).toMatchObject([{ text: 'forty-two' }]);
    expect(JSON.stringify(carried)).not.toContain('forty-two');
  });
});

describe('resume (RU11)', () => {
  it('RU11: a lost grant is granted again, and runs once', async () => {
    const { device, runId } = await begin((command, self) => (command.kind === 'grant' ? undefined : runsEverything(command, self)));
    await t.untilRun(runId, (run) => run.state === 'running');
    await device.disconnect();
    await device.connect();
    const reply = await device.resume();
    expect(reply.resume?.runs).toEqual([{ runId, ackedSeq: 0, action: 'grant' }]);
    expect(device.begin(runId, 1)).toBe(true);
    await device.emit(runId, 1, [{ kind: 'started' }, ended]);
    expect((await t.run(runId)).state).toBe('completed');
  });

  it('RU11: what was not acknowledged is replayed from the answered seq', async () => {
    const { device, runId } = await begin();
    await started(runId);
    await device.emit(runId, 1, [{ kind: 'stdout', text: 'a' }]);
    await device.disconnect();
    await device.connect();
    expect((await device.resume()).resume?.runs).toEqual([{ runId, ackedSeq: 2, action: 'continue' }]);
  });

  it('RU11: reported dead is interrupted at once, cancelled before its start is withdrawn', async () => {
    const { device, runId } = await begin();
    await started(runId);
    await device.disconnect();
    await device.connect();
    expect((await device.resume({ alive: false })).resume?.runs[0]).toMatchObject({ action: 'forget' });
    expect(await t.run(runId)).toMatchObject({ state: 'interrupted', exitReason: 'runtime_died' });
  });

  it('RU11: reported dead with more to replay: interrupted at once, the rest is kept', async () => {
    const { device, runId } = await begin();
    await started(runId);
    const death = { runId, attempt: 1, phase: 'started' as const, lastSeq: 2, alive: false };
    const reply = await device.send({ type: 'RESUME', bootId: 'boot-2', runs: [death] });
    expect(reply.resume?.runs).toEqual([{ runId, ackedSeq: 1, action: 'continue' }]);
    expect((await t.run(runId)).state).toBe('interrupted');
    await device.emit(runId, 1, [{ kind: 'stdout', text: 'last words' }]);
    expect((await t.run(runId)).lastSeq).toBe(2);
  });

  it('RU11: granted to a journal that no longer knows it is interrupted, never started again', async () => {
    const { device, runId } = await begin((command, self) => (command.kind === 'grant' ? undefined : runsEverything(command, self)));
    await t.untilRun(runId, (run) => run.state === 'running');
    await device.disconnect();
    device.wipe();
    await device.connect();
    await device.resume();
    expect(await t.run(runId)).toMatchObject({ state: 'interrupted', exitReason: 'not_started' });
    expect(device.executed).toEqual([]);
  });

  it('RU11: what goes on running after its end was declared is not forgotten', async () => {
    const { device, deviceId, runId } = await begin();
    await started(runId);
    await t.resources.db.device.update({ where: { id: deviceId }, data: { presence: 'offline' } });
    await t.engine.sweepOnce();
    await cancelRun(t.resources, t.ada, runId, true);
    expect((await device.resume()).resume?.runs).toEqual([{ runId, ackedSeq: 1, action: 'continue' }]);
    expect((await device.resume({ alive: false })).resume?.runs).toEqual([{ runId, ackedSeq: 1, action: 'forget' }]);
  });

  it('RU12: code that outlived its run is interrupted where it asks what nobody is asked any more', async () => {
    const { device, runId } = await begin();
    await started(runId);
    const ask: RunEventBody = { kind: 'stdin_request', prompt: '? ', password: false, execId: 'x' };
    await device.emit(runId, 1, [ask]);
    await device.disconnect();
    t.resources.advance(36_000);
    await t.engine.sweepOnce();
    t.resources.advance(25 * HOUR);
    await t.engine.sweepOnce();
    expect((await t.run(runId)).state).toBe('interrupted');
    await device.connect();
    await device.resume();
    await device.until(() => device.commands('cancel', runId).length === 1);
    await device.emit(runId, 1, [{ kind: 'stdin_answered' }]);
    expect(device.commands('cancel', runId)).toHaveLength(1);
    await device.emit(runId, 1, [ask]);
    await device.until(() => device.commands('cancel', runId).length === 2);
    expect(device.commands('cancel', runId)).toMatchObject([{ force: false }, { force: false }]);
  });

  it.each([true, false])(
    'RU12: what the person gave up while its device was away is stopped when it turns up alive (force: %s)',
    async (force) => {
      const { device, runId } = await begin();
      await started(runId);
      await device.disconnect();
      t.resources.advance(36_000);
      await t.engine.sweepOnce();
      await cancelRun(t.resources, t.ada, runId, force);
      t.resources.advance(25 * HOUR);
      await t.engine.sweepOnce();
      expect((await t.run(runId)).state).toBe('interrupted');
      await device.connect();
      expect(device.commands('cancel', runId)).toEqual([]);
      await device.resume();
      await device.until(() => device.commands('cancel', runId).length === 1);
      expect(device.commands('cancel', runId)).toMatchObject([{ force }]);
    },
  );

  it('RU11: events after the end are kept as recovered output and change no state', async () => {
    const { device, deviceId, runId } = await begin();
    await started(runId);
    await t.resources.db.device.update({ where: { id: deviceId }, data: { presence: 'offline' } });
    await t.engine.sweepOnce();
    await cancelRun(t.resources, t.ada, runId, true);
    expect(await t.run(runId)).toMatchObject({ state: 'interrupted', exitReason: 'device_lost' });
    await device.emit(runId, 1, [{ kind: 'stdout', text: 'late' }, ended]);
    expect(await t.run(runId)).toMatchObject({
      ...{ state: 'interrupted', lastSeq: 3 },
      message: expect.stringContaining('Recovered: MacBook Pro was heard from again'),
    });
  });
});

describe('time', () => {
  it('RU11: contact lost is said, taken back, and after 24 h the run is given up', async () => {
    const { device, runId } = await begin();
    await started(runId);
    t.resources.advance(36_000);
    await t.engine.sweepOnce();
    expect(await t.run(runId)).toMatchObject({ state: 'running', message: expect.stringContaining('Lost contact with MacBook Pro') });
    expect((await t.run(runId)).contactLostSince).not.toBeNull();
    await device.heartbeat();
    await t.engine.sweepOnce();
    expect(await t.run(runId)).toMatchObject({ contactLostSince: null, message: null });
    t.resources.advance(25 * HOUR);
    await t.engine.sweepOnce();
    await t.engine.sweepOnce();
    expect(await t.run(runId)).toMatchObject({ state: 'interrupted', exitReason: 'device_lost' });
  });

  it('RU8: waits an hour, then asks; "Run" releases it once and for all, "Discard" ends it', async () => {
    await t.resources.db.user.update({ where: { id: t.ada.userId }, data: { fallbackToCloud: false } });
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    const [keep, drop] = [makeRequest(t.resources, t.project), makeRequest(t.resources, t.project)];
    for (const request of [keep, drop]) await createRun(t.resources, t.ada, request);
    t.resources.advance(HOUR + 1000);
    await t.engine.sweepOnce();
    await device.connect();
    await t.engine.dispatchOnce();
    expect((await t.run(keep.runId)).heldSince).not.toBeNull();
    expect(device.executed).toEqual([]);
    expect(await decideWaiting(t.resources, t.ada, [drop.runId], 'discard')).toEqual([drop.runId]);
    await decideWaiting(t.resources, t.ada, [keep.runId], 'run');
    await t.engine.sweepOnce();
    await t.engine.dispatchOnce();
    await t.untilRun(keep.runId, (run) => run.state === 'completed');
    expect(await t.run(drop.runId)).toMatchObject({ state: 'cancelled', exitReason: 'discarded' });
  });

  it('RU8: a device that is back within the hour starts what waited; after 24 h it is expired', async () => {
    await t.resources.db.user.update({ where: { id: t.ada.userId }, data: { fallbackToCloud: false } });
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    const request = makeRequest(t.resources, t.project);
    expect((await createRun(t.resources, t.ada, request)).message).toContain('Waiting for MacBook Pro');
    t.resources.advance(HOUR / 2);
    await device.connect();
    await t.engine.dispatchOnce();
    await t.untilRun(request.runId, (run) => run.state === 'completed');
    await device.send({ type: 'GOODBYE', reason: 'sleep' });
    const late = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, late);
    t.resources.advance(24 * HOUR + 1000);
    await t.engine.sweepOnce();
    expect(await t.run(late.runId)).toMatchObject({ state: 'expired', exitReason: 'waited_too_long' });
  });

  it('RU6: a NameError after a fallback repeats why', async () => {
    const fails: Script = async (command, self) => {
      if (command.kind !== 'grant' || !self.begin(command.runId, command.attempt)) return runsEverything(command, self);
      const error = { kind: 'error' as const, name: 'NameError', message: "name 'x' is not defined", traceback: [] };
      await self.emit(command.runId, command.attempt, [{ kind: 'started' }, error, { kind: 'ended', outcome: 'failed', durationMs: 1 }]);
    };
    await makeDevice(t.resources, t.ada, [t.project]);
    const worker = await makeWorker(t.resources, { script: fails });
    await worker.device.connect();
    for (const reason of ['fallback_device_offline', 'session_affinity']) {
      const request = makeRequest(t.resources, t.project);
      await createRun(t.resources, t.ada, request);
      await t.engine.dispatchOnce();
      const run = await t.untilRun(request.runId, (row) => row.endedAt !== null);
      expect(run.reason).toBe(reason);
      expect(run.message).toContain('In the cloud because MacBook Pro was offline');
    }
  });
});
