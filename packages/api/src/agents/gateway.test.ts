import { callerTransport, FakeDevice, pythonAvailable, runsEverything } from '@markco/testing/fake-device';
import { makeDevice, makeProject, makeRequest, makeWorker } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { devicesRouter } from '../routers/devices/devices-router.ts';
import { createRun } from '../run-engine/create-run.ts';
import { introspect } from '../run-engine/introspect.ts';
import { sessionOp } from '../run-engine/session-op.ts';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { contextOf, testPerson } from '../test-support/test-resources.ts';
import { createCallerFactory } from '../trpc.ts';
import { agentRouter } from './agent-router.ts';

let t: TestEngine;
beforeEach(async () => {
  t = await testEngine({ started: false });
});
afterEach(() => t.close());

const devices = () => createCallerFactory(devicesRouter)(contextOf(t.resources, t.ada));
const presence = async (id: string) => (await t.resources.db.device.findUniqueOrThrow({ where: { id } })).presence;
const metric = async (name: string) =>
  (await t.resources.metrics.getSingleMetricAsString(name)).split('\n').filter((line) => !line.startsWith('#'));

/** The code of ours that a call was refused with, thrown as it is or wrapped by tRPC. */
async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
  } catch (error) {
    const { cause, code } = error as { cause?: { code?: string }; code?: string };
    return cause?.code ?? code;
  }
  return undefined;
}

describe('gateway (AG1)', () => {
  it('AG1: the first word is WELCOME, then DEVICE_LIST; every message carries its envelope', async () => {
    const { device, deviceId } = await makeDevice(t.resources, t.ada, [t.project]);
    await device.connect();
    await device.until(() => device.received.length >= 2);
    expect(device.received.map((m) => m.type)).toEqual(['WELCOME', 'DEVICE_LIST']);
    for (const message of device.received) {
      expect(message).toMatchObject({ userId: t.ada.userId, deviceId, messageId: expect.any(String), timestamp: expect.any(Number) });
    }
  });

  it('AG1, SE1: a device speaks for itself only, a person for none, and no one registers as a worker without the service credential', async () => {
    const a = await makeDevice(t.resources, t.ada, []);
    const b = await makeDevice(t.resources, await testPerson(t.resources, 'Bob'), []);
    const as = (principal: typeof a.principal, deviceId: string, kind: 'headless' | 'worker' = 'headless') =>
      new FakeDevice(callerTransport(t.resources, principal), { deviceId, userId: principal.userId, kind });
    expect(await codeOf(as(b.principal, a.deviceId).connect())).toBe('forbidden');
    expect(await codeOf(as(t.ada as never, a.deviceId).connect())).toBe('forbidden');
    expect(await codeOf(as(a.principal, a.deviceId, 'worker').connect())).toBe('forbidden');
    const worker = await makeWorker(t.resources);
    expect(await codeOf(as(worker.principal, a.deviceId, 'worker').connect())).toBe('not_found');
    const foreign = { type: 'HEARTBEAT' as const, capabilities: pythonAvailable };
    expect(await codeOf(as(b.principal, a.deviceId).send(foreign))).toBe('forbidden');
  });

  it('OP1: ENABLE_DEVICE_AGENT=0 refuses devices with a clear message and lists them as offline; workers still come', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    await t.resources.db.flagOverride.create({ data: { flag: 'ENABLE_DEVICE_AGENT', value: '0', percent: 100 } });
    await t.resources.flags.refresh();
    await expect(device.connect()).rejects.toMatchObject({ message: expect.stringContaining('switched off') });
    expect(await devices().list()).toMatchObject([{ presence: 'offline' }]);
    await (await makeWorker(t.resources)).device.connect();
  });

  it('RU7, OP1: a device that still runs something may come back to finish it, and its output arrives', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project], {
      script: (c, self) => (c.kind === 'grant' ? undefined : runsEverything(c, self)),
    });
    await device.connect();
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    await t.engine.dispatchOnce();
    await t.untilRun(request.runId, (run) => run.state === 'running');
    await t.resources.db.flagOverride.create({ data: { flag: 'ENABLE_DEVICE_AGENT', value: '0', percent: 100 } });
    await t.resources.flags.refresh();
    await device.disconnect();
    await device.connect();
    await device.emit(request.runId, 1, [
      { kind: 'started' },
      { kind: 'stdout', text: 'done\n' },
      { kind: 'ended', outcome: 'completed', durationMs: 1 },
    ]);
    expect(await t.run(request.runId)).toMatchObject({ state: 'completed', lastSeq: 3 });
    await device.disconnect();
    await expect(device.connect(), 'with nothing left to finish').rejects.toMatchObject({
      message: expect.stringContaining('switched off'),
    });
  });
});

describe('presence (AG2)', () => {
  it('AG2: online, suspect, offline and back, each counted once however many processes sweep', async () => {
    const other = t.anotherProcess();
    const { device, deviceId } = await makeDevice(t.resources, t.ada, []);
    await device.connect();
    t.resources.advance(26_000);
    await Promise.all([t.engine.sweepOnce(), other.engine.sweepOnce()]);
    expect(await presence(deviceId)).toBe('suspect');
    t.resources.advance(10_000);
    await Promise.all([t.engine.sweepOnce(), other.engine.sweepOnce()]);
    expect(await presence(deviceId)).toBe('offline');
    await device.heartbeat();
    expect(await presence(deviceId)).toBe('online');
    await device.send({ type: 'GOODBYE', reason: 'sleep' });
    expect(await presence(deviceId)).toBe('offline');
    expect(await metric('device_transitions_total')).toEqual(
      expect.arrayContaining([
        'device_transitions_total{to="online"} 2',
        'device_transitions_total{to="suspect"} 1',
        'device_transitions_total{to="offline"} 2',
      ]),
    );
  });

  it('AG2: one socket a device, the newest wins, also across processes', async () => {
    const other = t.anotherProcess().resources;
    const { device, deviceId, principal } = await makeDevice(t.resources, t.ada, []);
    await device.connect();
    const again = new FakeDevice(callerTransport(other, principal), { deviceId, userId: t.ada.userId });
    await again.connect();
    await device.until(() => device.closedBy !== null);
    expect(device.closedBy).toMatchObject({ message: expect.stringContaining('newer connection') });
    const row = await t.resources.db.device.findUniqueOrThrow({ where: { id: deviceId } });
    expect(row).toMatchObject({ presence: 'online', connectionId: expect.any(String) });
  });

  it('AG2: the other devices and the signed-in clients hear of a change', async () => {
    const one = await makeDevice(t.resources, t.ada, [], { name: 'One' });
    const two = await makeDevice(t.resources, t.ada, [], { name: 'Two' });
    await one.device.connect();
    const abort = new AbortController();
    const watching = (await createCallerFactory(devicesRouter)(contextOf(t.resources, t.ada), { signal: abort.signal }).watch())[
      Symbol.asyncIterator
    ]();
    await watching.next();
    await two.device.connect();
    const shows = (list: unknown) =>
      JSON.stringify(list).includes('"name":"Two"') &&
      (list as { name: string; presence: string }[]).find((d) => d.name === 'Two')?.presence === 'online';
    for (let list: unknown = []; !shows(list); ) list = (await watching.next()).value;
    await one.device.until(() => one.device.received.some((m) => m.type === 'DEVICE_LIST' && shows(m.devices)));
    abort.abort();
  });

  it('AG5, RU6: a runtime that went down takes its session with it', async () => {
    const up = {
      runtimeId: 'r1',
      language: 'python',
      kind: 'native' as const,
      label: 'Python',
      projectId: t.project.projectId,
      sessionName: 'default',
      state: 'idle' as const,
    };
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    await device.connect();
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    await t.engine.dispatchOnce();
    await t.untilRun(request.runId, (run) => run.state === 'completed');
    await device.send({ type: 'RUNTIME_UP', runtime: up });
    expect((await devices().list())[0]?.runtimes.map((r) => r.runtimeId)).toEqual(['python', 'r1']);
    await device.send({ type: 'RUNTIME_DOWN', runtimeId: 'r1', reason: 'exit code 1' });
    expect((await t.resources.db.runtimeSession.findFirstOrThrow()).endedAt).not.toBeNull();
  });
});

describe('revocation (AG8)', () => {
  it('AG8: its socket closes on every process, its offers are withdrawn, and it cannot come back', async () => {
    const other = t.anotherProcess().resources;
    const made = await makeDevice(other, t.ada, [t.project], { script: () => {} });
    await made.device.connect();
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    await t.engine.dispatchOnce();
    expect((await t.run(request.runId)).state).toBe('offered');
    await devices().revoke({ deviceId: made.deviceId });
    await made.device.until(() => made.device.closedBy !== null);
    expect(made.device.closedBy).toMatchObject({ message: expect.stringContaining('signed out') });
    expect((await t.run(request.runId)).state).toBe('queued');
    expect(await codeOf(made.device.accept(request.runId, 1))).toBe('unauthenticated');
    expect(await codeOf(made.device.connect())).toBe('unauthenticated');
    expect(await devices().list()).toEqual([]);
  });

  it('SE1: renaming, allowing and revoking a device of another person answers not found', async () => {
    const { deviceId } = await makeDevice(t.resources, await testPerson(t.resources, 'Bob'), []);
    expect(await codeOf(devices().rename({ deviceId, name: 'x' }))).toBe('not_found');
    expect(await codeOf(devices().setAllowRuns({ deviceId, allowRuns: false }))).toBe('not_found');
    expect(await codeOf(devices().revoke({ deviceId }))).toBe('not_found');
  });
});

describe('questions to runtimes (AG7)', () => {
  const question = { language: 'py', sessionName: 'default', op: 'complete' as const, body: { code: 'pri', cursor: 3 } };

  it('AG7: answered by the connected runtime, also from another process and with a large body', async () => {
    const other = t.anotherProcess().resources;
    const { device } = await makeDevice(other, t.ada, [t.project]);
    await device.connect();
    const body = { code: 'x'.repeat(50_000), cursor: 3 };
    expect(await introspect(t.resources, t.ada, { ...question, body, projectId: t.project.projectId })).toEqual({ op: 'complete' });
    expect(device.commands('introspect')).toMatchObject([{ language: 'python', body }]);
  });

  it('AG7: without a runtime it says so at once', async () => {
    await expect(introspect(t.resources, t.ada, { ...question, projectId: t.project.projectId })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('RU6, OP2: a restart ends the session, and is counted', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    await device.connect();
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    await t.engine.dispatchOnce();
    await t.untilRun(request.runId, (run) => run.state === 'completed');
    await sessionOp(t.resources, t.ada, { projectId: t.project.projectId, language: 'python', sessionName: 'default', op: 'restart' });
    expect(device.commands('session')).toMatchObject([{ op: 'restart' }]);
    expect((await t.resources.db.runtimeSession.findFirstOrThrow()).endedAt).not.toBeNull();
    expect(await metric('runtime_restarts_total')).toEqual(['runtime_restarts_total{reason="restart"} 1']);
  });
});

describe('what agents fetch and store', () => {
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAADklEQVR4nGNgQAX/UQAAGPoD/0ZKb6oAAAAASUVORK5CYII=', 'base64');

  it('RU19: an image is kept once, by its hash, with its pixel size, for the owner of the run', async () => {
    const { device, principal, deviceId } = await makeDevice(t.resources, t.ada, [t.project]);
    await device.connect();
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    const agent = createCallerFactory(agentRouter)(contextOf(t.resources, principal));
    const put = () => agent.putAsset({ runId: request.runId, mimeType: 'image/png', base64: png.toString('base64') });
    expect(await put()).toMatchObject({ width: 2, height: 3, size: png.length });
    await put();
    expect(await t.resources.db.asset.findMany({ select: { userId: true, width: true } })).toEqual([{ userId: t.ada.userId, width: 2 }]);
    expect(deviceId).toBe(principal.deviceId);
  });

  it('SE1, AG6: a worker reads the project of a run it was given, and of no other', async () => {
    const worker = await makeWorker(t.resources, { script: () => {} });
    await worker.device.connect();
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    const agent = createCallerFactory(agentRouter)(contextOf(t.resources, worker.principal));
    expect(await codeOf(agent.projectSnapshot({ runId: request.runId }))).toBe('not_found');
    await t.engine.dispatchOnce();
    expect((await agent.projectSnapshot({ runId: request.runId })).files).toMatchObject([{ path: 'notes.md' }]);
    const bob = await testPerson(t.resources, 'Bob');
    const his = makeRequest(t.resources, await makeProject(t.resources, bob));
    await createRun(t.resources, bob, his);
    expect(await codeOf(agent.putAsset({ runId: his.runId, mimeType: 'image/png', base64: 'AAAA' }))).toBe('not_found');
  });

  it('FB3: a device hears of document changes in the projects it holds', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    await device.connect();
    const change = {
      topic: 'document.changed' as const,
      userId: t.ada.userId,
      projectId: t.project.projectId,
      documentId: t.project.documentId,
      change: 'content' as const,
    };
    await t.resources.bus.publish({ ...change, projectId: t.resources.newId() });
    await t.resources.bus.publish(change);
    await device.until(() => device.received.some((m) => m.type === 'DOC_CHANGED'));
    expect(device.received.filter((m) => m.type === 'DOC_CHANGED')).toHaveLength(1);
  });
});
