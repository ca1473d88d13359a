import { CLOSE } from '@markco/core/sync/close-code';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backoff } from './backoff.ts';

const TIMES = { retryMinMs: 500, retryMaxMs: 30_000, stableMs: 5_000, laterMs: 2_000, goingAwayMs: 3_000 };
const waits = (backoff: Backoff, codes: readonly number[]) => codes.map((code) => backoff.next(code));

describe('Backoff (SY2)', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('SY2: waits anywhere below a ceiling that doubles up to the cap', () => {
    const highest = new Backoff(TIMES, () => 0.999_999);
    expect(waits(highest, Array(9).fill(1006)).map(Math.ceil)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    const lowest = new Backoff(TIMES, () => 0);
    expect(waits(lowest, [1006, 1006, 1006])).toEqual([0, 0, 0]);
  });

  it('SY2: begins anew only after a connection that held', () => {
    const backoff = new Backoff(TIMES, () => 0.999_999);
    waits(backoff, [1006, 1006, 1006]);
    backoff.synced();
    vi.advanceTimersByTime(TIMES.stableMs - 1);
    expect(Math.ceil(backoff.next())).toBe(4000);
    backoff.synced();
    vi.advanceTimersByTime(TIMES.stableMs);
    expect(Math.ceil(backoff.next())).toBe(500);
  });

  it('SY2: everyone of a server that goes away or is full comes back spread out, never at one moment', () => {
    const first = (code: number) => Array.from({ length: 200 }, (_, i) => new Backoff(TIMES, () => i / 200).next(code));
    const [away, later] = [first(CLOSE.goingAway), first(CLOSE.tryLater)];
    expect(Math.max(...away) - Math.min(...away)).toBeGreaterThan(2_900);
    expect(Math.min(...later)).toBe(2_000);
    expect(Math.max(...later)).toBeGreaterThan(3_900);
    expect(new Set(later).size).toBe(200);
  });

  it('SY2: whatever happens, a wait is never above the cap and the pause asked for', () => {
    const step = fc.record({
      code: fc.constantFrom(1001, 1006, 1013, 4401),
      held: fc.nat(10_000),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let random = 0;
        const backoff = new Backoff(TIMES, () => random);
        for (const step of steps) {
          random = step.random;
          if (step.held > 0) backoff.synced();
          vi.advanceTimersByTime(step.held);
          const ms = backoff.next(step.code);
          expect(ms).toBeGreaterThanOrEqual(step.code === CLOSE.tryLater ? TIMES.laterMs : 0);
          expect(ms).toBeLessThanOrEqual(TIMES.retryMaxMs + TIMES.laterMs);
        }
      }),
    );
  });
});
