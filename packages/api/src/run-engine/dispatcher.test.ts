import { pythonAvailable, runsEverything } from '@markco/testing/fake-device';
import { makeDevice, makeRequest } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { createBatch } from './create-batch.ts';
import { createRun } from './create-run.ts';
import { dispatchContextOf } from './dispatch-context.ts';

/** Longer than any test: what happens, happens because somebody was told. */
const NEVER_MS = 3_600_000;

let t: TestEngine;
let wakes: number;
beforeEach(async () => {
  t = await testEngine({ engine: { dispatchEveryMs: NEVER_MS } });
  // No machine is so slow that an offer is taken back.
  vi.spyOn(dispatchContextOf(t.resources), 'later').mockImplementation(() => {});
  wakes = 0;
});
afterEach(() => t.close());

const request = (over = {}) => makeRequest(t.resources, t.project, over);
const create = async (over = {}) => (await createRun(t.resources, t.ada, request(over))).id;

describe('dispatcher', () => {
  it('RU8: the runs of a session follow each other without a look at all that wait', async () => {
    const { device } = await makeDevice(t.resources, t.ada, [t.project]);
    await device.connect();
    t.resources.bus.subscribe('runs.wake', () => wakes++);
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(await create());
    for (const id of ids) await t.untilRun(id, (run) => run.state === 'completed');
    await device.settled();
    expect(device.executed).toEqual(ids);
    expect(wakes).toBe(0);
  });

  it('RU8: the end of a run lets another session have its place on a full computer', async () => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { device } = await makeDevice(t.resources, t.ada, [t.project], {
      script: async (command, self) => {
        if (command.kind === 'grant') await gate;
        return runsEverything(command, self);
      },
    });
    await device.connect();
    const first = await Promise.all([1, 2, 3, 4].map((n) => create({ sessionName: `s${n}` })));
    for (const id of first) await t.untilRun(id, (run) => run.state === 'running');
    const fifth = await create({ sessionName: 's5' });
    expect((await t.run(fifth)).state).toBe('queued');
    open();
    for (const id of [...first, fifth]) await t.untilRun(id, (run) => run.state === 'completed');
    expect(new Set(device.executed).size).toBe(5);
  });

  it('RU4: a batch goes on in the session of another language', async () => {
    const runtimes = ['python', 'bash'].map((language) => ({ ...pythonAvailable.runtimes[0]!, runtimeId: language, language }));
    const { device } = await makeDevice(t.resources, t.ada, [t.project], { capabilities: { runtimes } });
    await device.connect();
    const batch = ['python', 'bash', 'python'].map((language) => request({ language }));
    await createBatch(t.resources, t.ada, t.resources.newId(), batch);
    for (const { runId } of batch) await t.untilRun(runId, (run) => run.state === 'completed');
    await device.settled();
    expect(device.executed).toEqual(batch.map(({ runId }) => runId));
  });
});
