import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newerRun } from './newer-run.ts';
import type { RunState } from './run.ts';

const view = (state: RunState, attempt = 0, lastSeq = 0) => ({ state, attempt, lastSeq });

/** One run's life in order: offered, withdrawn, offered again, run, ended. */
const LIFE = [
  view('queued', 0),
  view('offered', 1),
  view('queued', 1),
  view('offered', 2),
  view('running', 2),
  view('running', 2, 3),
  view('completed', 2, 5),
];

describe('newerRun (RU1)', () => {
  it('RU1: whatever the order of arrival, the latest view stays', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(LIFE, { minLength: 1 }), (arrived) => {
        const latest = LIFE[Math.max(...arrived.map((each) => LIFE.indexOf(each)))];
        expect(arrived.reduce(newerRun)).toBe(latest);
      }),
    );
  });

  it('RU1: a late answer to the request does not turn a running view back', () => {
    const running = view('running', 1);
    expect(newerRun(running, view('offered', 1))).toBe(running);
    expect(newerRun(running, view('queued', 0))).toBe(running);
  });

  it('RU1: a withdrawn offer is told', () => {
    const waiting = view('queued', 1);
    expect(newerRun(view('offered', 1), waiting)).toBe(waiting);
  });

  it('RU1: on one computer a run has one attempt from the queue to its end', () => {
    const running = view('running', 1);
    expect(newerRun(view('queued', 1), running)).toBe(running);
    expect(newerRun(running, view('queued', 1))).toBe(running);
  });

  it('RU1: of two that say the same the one that came last counts, as questions and stops change no state', () => {
    const next = view('running', 1, 2);
    expect(newerRun(view('running', 1, 2), next)).toBe(next);
  });
});
