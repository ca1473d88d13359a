import { makeDevice, makeRequest, makeWorker } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { createRun } from './create-run.ts';

let t: TestEngine;
beforeEach(async () => {
  t = await testEngine();
});
afterEach(() => t.close());

describe('a run from the tap to its end', () => {
  it('RU9, RU10, RU16, RU17: create, offer, accept, grant, events, watch, end', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    await device.connect();
    const request = makeRequest(t.resources, t.project, { code: 'print(1)' });
    const view = await createRun(t.resources, t.ada, request);
    expect(view).toMatchObject({ state: 'offered', reason: 'device_online', target: { kind: 'device' } });

    const items = await t.watch(request.runId);
    const events = items.flatMap((item) => (item.type === 'event' ? [item.event] : []));
    expect(events.map((e) => [e.seq, e.body.kind])).toEqual([
      [1, 'started'],
      [2, 'stdout'],
      [3, 'ended'],
    ]);
    const run = { state: 'completed', ranOn: 'MacBook Pro', attempt: 1, freshSession: true, lastSeq: 3 };
    expect(items.at(-1)).toMatchObject({ type: 'run', run });
    expect(device.executed).toEqual([request.runId]);
  });

  it('RU5, AG6: without a device the worker runs it, and the person reads why', async () => {
    const { device } = await makeWorker(t.resources);
    await device.connect();
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    const run = { state: 'completed', ranOn: 'Cloud', target: { kind: 'cloud' }, reason: 'fallback_no_runtime' };
    expect((await t.watch(request.runId)).at(-1)).toMatchObject({ type: 'run', run });
  });

  it('AG6: a cloud run waits, and says so, until a worker is there', async () => {
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    const waiting = await t.untilRun(request.runId, (run) => run.message !== null);
    expect(waiting).toMatchObject({ state: 'queued', targetKind: 'cloud' });
    expect(waiting.message).toContain('cloud runtime');
    const { device } = await makeWorker(t.resources);
    await device.connect();
    await t.untilRun(request.runId, (run) => run.state === 'completed');
  });

  it('RU6: the session stays where its variables are, and only its first run is fresh', async () => {
    const first = await makeDevice(t.resources, t.ada, [t.project], { name: 'First' });
    await first.device.connect();
    const one = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, one);
    await t.untilRun(one.runId, (run) => run.state === 'completed');
    const second = await makeDevice(t.resources, t.ada, [t.project], { name: 'Second' });
    await second.device.connect();
    const two = makeRequest(t.resources, t.project);
    expect((await createRun(t.resources, t.ada, two)).reason).toBe('session_affinity');
    const row = await t.untilRun(two.runId, (run) => run.state === 'completed');
    expect(row).toMatchObject({ deviceId: first.deviceId, ranOn: 'First', freshSession: false });
  });
});
