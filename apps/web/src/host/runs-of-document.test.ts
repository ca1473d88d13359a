import type { RunView } from '@markco/core/run/run';
import { describe, expect, it } from 'vitest';
import { RunsOfDocument } from './runs-of-document.ts';

const run = (change: Partial<RunView>): RunView =>
  ({ id: 'r1', documentId: 'd', state: 'queued', attempt: 0, lastSeq: 0, endedAt: null, ...change }) as RunView;

describe('the runs of a document', () => {
  it('RU1: the answer to the request, come late, does not turn "Running" back into "Sending"', () => {
    const runs = new RunsOfDocument(async () => []);
    const state = () => runs.live.get()[0]!.state;
    runs.merge(run({ state: 'running', attempt: 1 }));
    runs.merge(run({ state: 'offered', attempt: 1 }));
    expect(state()).toBe('running');
    runs.merge(run({ state: 'completed', attempt: 1, lastSeq: 3 }));
    runs.merge(run({ state: 'running', attempt: 1, lastSeq: 4 }));
    expect(state()).toBe('completed');
  });

  it('RU17: a list that was read puts newest first and keeps what is known when reading fails', async () => {
    let answer = async (): Promise<RunView[]> => [run({ id: 'r1' }), run({ id: 'r2' })];
    const runs = new RunsOfDocument(() => answer());
    await runs.refresh();
    answer = () => Promise.reject(new TypeError('Failed to fetch'));
    await runs.refresh();
    expect(runs.live.get().map(({ id }) => id)).toEqual(['r2', 'r1']);
  });
});
