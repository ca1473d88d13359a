import { describe, expect, it } from 'vitest';
import { drained } from './drained.ts';

/** A socket whose reader takes `each` bytes at every look. */
const socketWith = (bytes: number, each: number) => ({
  OPEN: 1 as const,
  readyState: 1 as const,
  looks: 0,
  get bufferedAmount() {
    this.looks++;
    return Math.max(0, bytes - each * (this.looks - 1));
  },
});
const never = new AbortController().signal;

describe('drained', () => {
  it('RU17: goes on at once while little waits, and waits for half of it otherwise', async () => {
    const fast = socketWith(1_000, 0);
    await drained(fast, never, { maxBytes: 1_000 });
    expect(fast.looks).toBe(1);
    const slow = socketWith(1_001, 100);
    await drained(slow, never, { maxBytes: 1_000 });
    expect(slow.bufferedAmount).toBeLessThanOrEqual(500);
  });

  it('RU17: gives up on a reader that takes nothing, where it should, and ends with the signal', async () => {
    await expect(drained(socketWith(2_000, 0), never, { maxBytes: 1_000, withinMs: 0 })).rejects.toThrow('keep up');
    const stop = new AbortController();
    const waiting = drained(socketWith(2_000, 0), stop.signal, { maxBytes: 1_000 });
    stop.abort();
    await waiting;
  });
});
