import type { RunWatchItem } from '@markco/core/run/run-event';
import { makeDevice, makeProject, makeRequest, makeWorker, type TestProject } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../auth/principal.ts';
import { type TestResources, testPerson, testResources } from '../test-support/test-resources.ts';
import { createRun } from './create-run.ts';
import { createRunEngine, type RunEngine } from './run-engine.ts';
import { watchRun } from './watch-run.ts';

let resources: TestResources;
let ada: Principal;
let project: TestProject;
let engine: RunEngine;

beforeEach(async () => {
  resources = await testResources();
  ada = await testPerson(resources);
  project = await makeProject(resources, ada);
  engine = createRunEngine(resources, { relayUrl: null });
  engine.start();
});
afterEach(async () => {
  await engine.stop();
  await resources.drop();
});

async function watchToEnd(runId: string, after = 0): Promise<RunWatchItem[]> {
  const items: RunWatchItem[] = [];
  for await (const item of watchRun(resources, ada, runId, after, new AbortController().signal)) items.push(item);
  return items;
}

describe('a run from the tap to its end', () => {
  it('RU9, RU10, RU16, RU17: create, offer, accept, grant, events, watch, end', async () => {
    const { device } = await makeDevice(resources, ada, [project]);
    await device.connect();
    const request = makeRequest(resources, project, { code: 'print(1)' });
    const view = await createRun(resources, ada, request);
    expect(view).toMatchObject({ state: 'queued', reason: 'device_online', target: { kind: 'device' } });

    const items = await watchToEnd(request.runId);
    const events = items.flatMap((item) => (item.type === 'event' ? [item.event] : []));
    expect(events.map((e) => [e.seq, e.body.kind])).toEqual([
      [1, 'started'],
      [2, 'stdout'],
      [3, 'ended'],
    ]);
    const last = items.at(-1)!;
    expect(last).toMatchObject({
      type: 'run',
      run: { state: 'completed', ranOn: 'MacBook Pro', attempt: 1, freshSession: true, lastSeq: 3 },
    });
    expect(device.executed).toEqual([request.runId]);
  });

  it('RU5, AG6: without a device the worker runs it, and the person reads why', async () => {
    const { device } = await makeWorker(resources);
    await device.connect();
    const request = makeRequest(resources, project);
    await createRun(resources, ada, request);
    const last = (await watchToEnd(request.runId)).at(-1)!;
    expect(last).toMatchObject({
      type: 'run',
      run: { state: 'completed', ranOn: 'Cloud', target: { kind: 'cloud' }, reason: 'fallback_no_runtime' },
    });
  });
});
