import type { RunView } from '@markco/core/run/run';
import type { RunEvent, RunWatchItem } from '@markco/core/run/run-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunsOfFolder } from './runs-of-folder.ts';

const ROOT = '/notes';
const run = (change: Partial<RunView>): RunView =>
  ({ id: 'r1', documentId: 'd', state: 'queued', attempt: 1, lastSeq: 0, endedAt: null, ...change }) as RunView;
const event = (seq: number): RunEvent => ({ seq, at: seq, body: { kind: 'stdout', text: `${seq}` } });

let answers: Record<string, () => Promise<unknown>>;
beforeEach(() => {
  answers = { listRuns: async () => [] };
  vi.stubGlobal('window', { markco: { call: (method: string) => answers[method]!(), on: () => () => undefined } });
});
afterEach(() => vi.unstubAllGlobals());

describe('the runs of a folder in the window', () => {
  it('RU1 a run never goes back, whatever arrives late', () => {
    const runs = new RunsOfFolder(ROOT);
    const state = () => runs.of('d').get()[0]!.state;
    for (const [change, expected] of [
      [{ state: 'running' }, 'running'],
      [{ state: 'queued' }, 'running'],
      [{ state: 'completed', lastSeq: 3 }, 'completed'],
      [{ state: 'running', lastSeq: 4 }, 'completed'],
    ] as [Partial<RunView>, string][]) {
      runs.see(run(change));
      expect(state()).toBe(expected);
    }
  });

  it('RU17 a watcher gets the backlog and what comes meanwhile, in order and once', async () => {
    let give!: (value: unknown) => void;
    answers.readRun = () =>
      new Promise((resolve) => {
        give = resolve;
      });
    const runs = new RunsOfFolder(ROOT);
    const seen: RunWatchItem[] = [];
    const stop = runs.watch('r1', 1, (item) => seen.push(item));
    for (const seq of [3, 4]) runs.take('r1', { type: 'event', event: event(seq) });
    give({ run: run({ state: 'running', lastSeq: 3 }), events: [2, 3].map(event) });
    await vi.waitFor(() => expect(seen.flatMap((item) => (item.type === 'event' ? [item.event.seq] : []))).toEqual([2, 3, 4]), 60_000);
    stop();
    runs.take('r1', { type: 'event', event: event(5) });
    expect(seen.filter((item) => item.type === 'event')).toHaveLength(3);
  });

  it('EL5 what the agent forgot by starting again is told as interrupted', async () => {
    const runs = new RunsOfFolder(ROOT);
    runs.see(run({ state: 'running' }));
    await runs.afterRestart();
    expect(runs.of('d').get()[0]).toMatchObject({ state: 'interrupted' });
  });
});
