import { type RunBench, startRunBench } from '@markco/testing/run-bench';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeRuntime } from '../test-support/fake-runtime.ts';
import { sampleOffer, USER_ID } from '../test-support/sample-offer.ts';
import { answerSessionOp } from './answer-question.ts';

let bench: RunBench;
afterEach(() => bench?.close());

const notes = (runId: string) => bench.gateway.eventsOf(runId).flatMap((body) => (body.kind === 'note' ? [body.text] : []));

/** A run whose code goes on until the returned function is called, and its runtime. */
async function goingOn(): Promise<{ runId: string; runtime: FakeRuntime; finish: () => void }> {
  let finish = (): void => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  bench = await startRunBench({
    busy: async ({ print }) => {
      await print('on and on\n');
      await finished;
    },
  });
  const offer = sampleOffer({ code: 'busy' });
  const { runId } = offer;
  bench.gateway.offer(offer);
  await bench.gateway.until(() => bench.gateway.eventsOf(runId).some((body) => body.kind === 'stdout'), 'the first output');
  return { runId, runtime: bench.pool.started[0]!, finish };
}

function cancel(runId: string, force = false): void {
  bench.gateway.push({ type: 'MRP_REQUEST', kind: 'cancel', runId, force });
}

describe('a Stop that does not reach the code', () => {
  it('RU12 is said in the run with its cause, each time it is asked for, and the run goes on to its own end', async () => {
    const { runId, runtime, finish } = await goingOn();
    runtime.unreached = new Error('The runtime answered 501 to /mrp/v1/interrupt.');
    cancel(runId);
    await bench.gateway.until(() => notes(runId).length === 1, 'the note');
    runtime.unreached = 'refused';
    cancel(runId);
    await bench.gateway.until(() => notes(runId).length === 2, 'the second note');
    cancel(runId);
    await bench.gateway.until(() => notes(runId).length === 3, 'the third note');
    expect(bench.gateway.eventsOf(runId).filter((body) => body.kind === 'note')).toMatchObject(Array(3).fill({ stopUnreached: true }));
    expect(notes(runId).slice(0, 2)).toEqual([
      'Stop did not reach the code: The runtime answered 501 to /mrp/v1/interrupt. It may still be running. Force stop ends its runtime, and the variables of the session with it.',
      'Stop did not reach the code: the runtime refused it. It may still be running. Force stop ends its runtime, and the variables of the session with it.',
    ]);
    finish();
    expect((await bench.gateway.ended(runId)).body).toMatchObject({ outcome: 'completed' });
  });

  it('RU12 of a runtime that runs nothing any more is no news', async () => {
    const { runId, runtime, finish } = await goingOn();
    runtime.unreached = 'refused';
    let asked = 0;
    runtime.health = async () => {
      asked++;
      return { state: 'idle', currentExecId: null as never, uptime: 1, stateRevision: 1 };
    };
    cancel(runId);
    await expect.poll(() => asked, { timeout: 60_000 }).toBe(1);
    finish();
    await bench.gateway.ended(runId);
    expect(notes(runId)).toEqual([]);
  });

  it('RU12 by force ends the run without a word of that, and of a runtime started elsewhere says what is true', async () => {
    const { runId, runtime } = await goingOn();
    runtime.kind = 'registered';
    runtime.unreached = new Error('no such address');
    cancel(runId);
    await bench.gateway.until(() => notes(runId).length === 1, 'the note');
    expect(notes(runId)[0]).toContain('Force stop lets go of it');
    runtime.unreached = new Error('another cause');
    cancel(runId, true);
    expect((await bench.gateway.ended(runId)).body).toMatchObject({
      ...{ outcome: 'interrupted', reason: 'force_stopped' },
      message: expect.stringContaining('may still run this code'),
    });
    expect(notes(runId)).toHaveLength(1);
  });

  it('RU12 a runtime started elsewhere is not said to be restarted, and one that runs code is not emptied', async () => {
    const { runId, runtime, finish } = await goingOn();
    const { projectId, language, sessionName } = bench.gateway.runs.get(runId)!.offer.request;
    const question = { userId: USER_ID, projectId, language, sessionName: sessionName ?? 'default' };
    runtime.kind = 'registered';
    const ask = (op: 'restart' | 'reset') => answerSessionOp(bench.pool, { kind: 'session', op, ...question } as never);
    expect(await ask('restart')).toMatchObject({ error: { message: expect.stringContaining('started elsewhere') } });
    expect(await ask('reset')).toMatchObject({ error: { code: 'busy', message: expect.stringContaining('Stop it first') } });
    finish();
    await bench.gateway.ended(runId);
    expect(await ask('reset')).toEqual({ result: { done: true } });
  });
});
