import { FakeDevice, runsEverything } from '@markco/testing/fake-device';
import { makeDevice, makeProject, makeRequest, makeWorker } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionsOf } from '../agents/connections.ts';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { acceptRun } from './accept-run.ts';
import { createBatch } from './create-batch.ts';
import { createRun } from './create-run.ts';
import { offerRun } from './offer-run.ts';

let t: TestEngine;
afterEach(() => t.close());

const request = (over = {}) => makeRequest(t.resources, t.project, over);

describe('dispatch', () => {
  beforeEach(async () => {
    t = await testEngine({ started: false });
  });

  it('RU10: no ACCEPT within 5 s: attempt 1 is withdrawn, the cloud takes attempt 2, and the late ACCEPT is denied', async () => {
    const silent = await makeDevice(t.resources, t.ada, [t.project], { script: () => {} });
    const worker = await makeWorker(t.resources);
    await silent.device.connect();
    await worker.device.connect();
    const asked = request();
    await createRun(t.resources, t.ada, asked);
    await t.engine.dispatchOnce();
    await silent.device.until(() => silent.device.commands('offer').length === 1);
    t.resources.advance(6_500);
    await silent.device.heartbeat();
    await worker.device.heartbeat();
    await t.engine.sweepOnce();
    expect((await t.run(asked.runId)).state).toBe('queued');
    // The sweep does not know which device failed; the process that offered does.
    await t.resources.db.device.update({ where: { id: silent.deviceId }, data: { allowRuns: false } });
    await t.engine.dispatchOnce();
    await t.untilRun(asked.runId, (run) => run.state === 'completed');
    expect(await silent.device.accept(asked.runId, 1)).toMatchObject({ ok: false });
    await silent.device.until(() => silent.device.commands('deny', asked.runId).length > 0);
    expect(silent.device.executed).toEqual([]);
    expect(worker.device.executed).toEqual([asked.runId]);
  });

  it('RU5: an offer stores the route it was decided on, whatever another process wrote on the row meanwhile', async () => {
    const worker = await makeWorker(t.resources);
    await worker.device.connect();
    const asked = request();
    await createRun(t.resources, t.ada, asked);
    const routed = await t.run(asked.runId);
    expect(routed).toMatchObject({ targetKind: 'cloud', reason: 'fallback_no_runtime' });
    // A process that does not know what this one knows of the computer routes it there.
    const there = { targetKind: 'device', reason: 'device_online', routeDetail: 'Laptop' };
    await t.resources.db.run.update({ where: { id: asked.runId }, data: there });
    await offerRun(t.resources, { ...routed, projectSlug: t.project.slug, projectName: 'Notes' }, worker.deviceId);
    const { targetKind, reason, routeDetail } = routed;
    expect(await t.untilRun(asked.runId, (run) => run.state === 'completed')).toMatchObject({
      targetKind,
      reason,
      routeDetail,
      deviceId: worker.deviceId,
      ranOn: 'Cloud',
    });
  });

  it('RU10: many ACCEPTs of one attempt make one grant a device may act on', async () => {
    const { device, deviceId } = await makeDevice(t.resources, t.ada, [t.project], { script: () => {} });
    await device.connect();
    const asked = request();
    await createRun(t.resources, t.ada, asked);
    await t.engine.dispatchOnce();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => acceptRun(t.resources, deviceId, asked.runId, 1)));
    expect(outcomes).toEqual(Array.from({ length: 8 }, () => 'granted'));
    expect(await acceptRun(t.resources, t.resources.newId(), asked.runId, 1)).toBe('denied');
    expect(await acceptRun(t.resources, deviceId, asked.runId, 2)).toBe('denied');
    expect(await t.run(asked.runId)).toMatchObject({ state: 'running', attempt: 1 });
  });

  it('RU13: a busy runtime keeps the run first in line, and says which cell it waits for', async () => {
    let busy = true;
    const { device } = await makeDevice(t.resources, t.ada, [t.project], {
      script: async (command, self) => {
        if (command.kind !== 'offer' || !busy) return runsEverything(command, self);
        const { runId, attempt } = command.offer;
        return self.send({ type: 'MRP_RESPONSE', kind: 'refuse', runId, attempt, reason: 'busy', message: 'busy', busyExecId: 'x' });
      },
    });
    await device.connect();
    const asked = request();
    await createRun(t.resources, t.ada, asked);
    await t.engine.dispatchOnce();
    const waiting = await t.untilRun(asked.runId, (run) => run.state === 'queued' && run.attempt === 1);
    expect(waiting.message).toContain('on MacBook Pro');
    await t.engine.dispatchOnce();
    expect((await t.run(asked.runId)).attempt).toBe(1);
    busy = false;
    const idle = { runtimeId: 'python', language: 'python', kind: 'native' as const, label: 'Python', state: 'idle' as const };
    await device.send({ type: 'RUNTIME_UP', runtime: idle });
    await t.engine.dispatchOnce();
    await t.untilRun(asked.runId, (run) => run.state === 'completed');
  });

  it('RU5: a device that has no runtime after all sends the run on', async () => {
    const none = await makeDevice(t.resources, t.ada, [t.project], {
      script: (command, self) =>
        command.kind === 'offer' &&
        self.send({
          ...command.offer,
          type: 'MRP_RESPONSE',
          kind: 'refuse',
          reason: 'no_runtime',
          message: 'MacBook Pro has no Python',
        } as never),
    });
    const worker = await makeWorker(t.resources);
    await none.device.connect();
    await worker.device.connect();
    const asked = request();
    await createRun(t.resources, t.ada, asked);
    await t.engine.dispatchOnce();
    await t.untilRun(asked.runId, (run) => run.state === 'queued' && run.attempt === 1);
    await t.engine.dispatchOnce();
    const row = await t.untilRun(asked.runId, (run) => run.state === 'completed');
    expect(row).toMatchObject({
      targetKind: 'cloud',
      reason: 'fallback_no_runtime',
      routeDetail: 'Cloud · fresh session: MacBook Pro has no Python',
    });
  });

  it('AG2, RU7: a suspect device that answers the probe gets the offer, a silent one loses it to the cloud', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    const worker = await makeWorker(t.resources);
    await device.connect();
    t.resources.advance(27_000);
    await worker.device.connect();
    const first = request();
    await createRun(t.resources, t.ada, first);
    await t.engine.dispatchOnce();
    await t.untilRun(first.runId, (run) => run.state === 'completed');
    expect(device.commands('probe')).toHaveLength(1);
    expect(device.executed).toEqual([first.runId]);

    t.resources.advance(27_000);
    await worker.device.heartbeat();
    device.options.script = () => {};
    const second = request({ sessionName: 'other' });
    await createRun(t.resources, t.ada, second);
    await t.engine.dispatchOnce();
    const row = await t.untilRun(second.runId, (run) => run.state === 'completed');
    expect(row).toMatchObject({ targetKind: 'cloud', reason: 'fallback_device_offline' });
  });

  it('OP1: ENABLE_CLOUD_FALLBACK=0 queues, ENABLE_REMOTE_EXEC_ROUTING=0 sends everything to the cloud', async () => {
    const set = async (flag: string, value: string) => {
      await t.resources.db.flagOverride.create({ data: { flag, value, percent: 100 } });
      await t.resources.flags.refresh();
    };
    await set('ENABLE_CLOUD_FALLBACK', '0');
    await makeDevice(t.resources, t.ada, [t.project]);
    expect(await createRun(t.resources, t.ada, request())).toMatchObject({ reason: 'queued_device_offline', target: { kind: 'queue' } });
    await set('ENABLE_REMOTE_EXEC_ROUTING', '0');
    expect(await createRun(t.resources, t.ada, request())).toMatchObject({ reason: 'routing_disabled', target: { kind: 'cloud' } });
  });
});

describe('a batch', () => {
  beforeEach(async () => {
    t = await testEngine();
  });

  it('RU4: runs in order, and an error ends the rest', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project], {
      script: async (command, self) => {
        if (command.kind !== 'grant') return runsEverything(command, self);
        const { runId, attempt } = command;
        if (!self.begin(runId, attempt)) return;
        const outcome = self.executed.length === 2 ? 'failed' : 'completed';
        await self.emit(runId, attempt, [{ kind: 'started' }, { kind: 'ended', outcome, durationMs: 1 }]);
      },
    });
    await device.connect();
    const batch = Array.from({ length: 4 }, (_, i) => request({ code: `${i}` }));
    await createBatch(t.resources, t.ada, t.resources.newId(), batch);
    const last = await t.untilRun(batch[3]!.runId, (run) => run.endedAt !== null);
    expect(last).toMatchObject({ state: 'cancelled', exitReason: 'upstream_failed' });
    expect(device.executed).toEqual(batch.slice(0, 2).map((run) => run.runId));
    expect((await t.run(batch[2]!.runId)).exitReason).toBe('upstream_failed');
  });
});

describe('several processes at once', () => {
  beforeEach(async () => {
    t = await testEngine();
  });

  it('RU8, RU9, RU10: each run executes once, one at a time a session and four at a time a device', async () => {
    const others = [t.anotherProcess(), t.anotherProcess()];
    const projects = [t.project, await makeProject(t.resources, t.ada)];
    const running = new Map<string, number>();
    let most = 0;
    let overlap = false;
    const script: typeof runsEverything = async (command, self) => {
      if (command.kind !== 'grant') return runsEverything(command, self);
      const { runId, attempt } = command;
      if (!self.begin(runId, attempt)) return;
      const offer = self.commands('offer', runId)[0]!;
      const session = offer.kind === 'offer' ? `${offer.offer.projectSlug} ${offer.offer.request.sessionName}` : '';
      running.set(session, (running.get(session) ?? 0) + 1);
      overlap ||= running.get(session)! > 1;
      most = Math.max(
        most,
        [...running.values()].reduce((a, b) => a + b, 0),
      );
      await self.emit(runId, attempt, [{ kind: 'started' }]);
      await self.emit(runId, attempt, [{ kind: 'stdout', text: 'x' }]);
      running.set(session, running.get(session)! - 1);
      await self.emit(runId, attempt, [{ kind: 'ended', outcome: 'completed', durationMs: 1 }]);
    };
    // Its socket hangs at another process than most of the dispatching.
    const { device } = await makeDevice(others[0]!.resources, t.ada, projects, { script });
    await device.connect();
    const requests = Array.from({ length: 24 }, (_, i) => makeRequest(t.resources, projects[i % 2]!, { sessionName: `s${i % 3}` }));
    await Promise.all(requests.map((r) => createRun(t.resources, t.ada, r)));
    await Promise.all(requests.map((r) => t.untilRun(r.runId, (run) => run.state === 'completed')));
    expect([...device.executed].sort()).toEqual(requests.map((r) => r.runId).sort());
    expect(overlap).toBe(false);
    expect(most).toBeLessThanOrEqual(4);
    expect(connectionsOf(t.resources).all()).toHaveLength(0);
    expect(device).toBeInstanceOf(FakeDevice);
  });
});
