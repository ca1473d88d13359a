import type { RunWatchItem } from '@markco/core/run/run-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followRun } from './follow-run.ts';

type Handlers = Parameters<Parameters<typeof followRun>[0]>[1];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const event = (seq: number): RunWatchItem => ({ type: 'event', event: { seq, at: 0, body: { kind: 'stdout', text: `${seq}` } } });

function follow() {
  const asked: number[] = [];
  const seen: number[] = [];
  const failed: boolean[] = [];
  const unsubscribe = vi.fn();
  let handlers!: Handlers;
  const stop = followRun(
    ({ after }, given) => {
      asked.push(after);
      handlers = given;
      return { unsubscribe };
    },
    'run',
    3,
    (item) => item.type === 'event' && seen.push(item.event.seq),
    (_, final) => failed.push(final),
  );
  return { asked, seen, failed, unsubscribe, stop, handlers: () => handlers };
}

describe('followRun', () => {
  it('RU17: after a failure it asks again from the last event it has', () => {
    const f = follow();
    f.handlers().onData({ data: event(4) });
    f.handlers().onError({ data: { httpStatus: 500 } });
    vi.runOnlyPendingTimers();
    f.handlers().onData(event(5));
    f.handlers().onError(new Error('no data at all'));
    vi.runOnlyPendingTimers();
    expect(f.asked).toEqual([3, 4, 5]);
    expect(f.seen).toEqual([4, 5]);
    expect(f.failed).toEqual([false, false]);
  });

  it('a refusal is final', () => {
    const f = follow();
    f.handlers().onError({ data: { httpStatus: 404 } });
    vi.runAllTimers();
    expect(f.asked).toEqual([3]);
    expect(f.failed).toEqual([true]);
  });

  it('asks no more once it was stopped', () => {
    const f = follow();
    f.handlers().onError({ data: { httpStatus: 503 } });
    f.stop();
    vi.runAllTimers();
    f.handlers().onData(event(4));
    expect(f.asked).toEqual([3]);
    expect(f.seen).toEqual([]);
    expect(f.unsubscribe).toHaveBeenCalledOnce();
  });
});
