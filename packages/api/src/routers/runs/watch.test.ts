import type { RunWatchItem } from '@markco/core/run/run-event';
import { makeDevice, makeRequest } from '@markco/testing/run-factories';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRun } from '../../run-engine/create-run.ts';
import { type TestEngine, testEngine } from '../../test-support/test-engine.ts';
import { contextOf } from '../../test-support/test-resources.ts';
import { createCallerFactory } from '../../trpc.ts';
import { runsRouter } from './runs-router.ts';

let t: TestEngine;
beforeAll(async () => {
  t = await testEngine({ started: false });
});
afterAll(() => t.close());

it('RU17, RU18: a reader on a socket is sent nothing more before it has read what it was sent', async () => {
  const { device } = await makeDevice(t.resources, t.ada, [t.project]);
  await device.connect();
  const { runId } = makeRequest(t.resources, t.project);
  await createRun(t.resources, t.ada, makeRequest(t.resources, t.project, { runId }));
  await t.untilRun(runId, (run) => run.state === 'completed');
  const order: string[] = [];
  const drained = async () => void order.push('read');
  const watched = await createCallerFactory(runsRouter)({ ...contextOf(t.resources, t.ada), drained }).watch({ runId });
  // A caller in the same process gets tRPC's own envelope: id and data.
  for await (const tracked of watched as unknown as AsyncIterable<[string, RunWatchItem]>) order.push(tracked[1].type);
  expect(order).toEqual(['event', 'read', 'event', 'read', 'event', 'read', 'run', 'read']);
});
