import type { AppError } from '@markco/core/errors';
import { describe, expect, it } from 'vitest';
import { createRateLimiter } from './rate-limiter.ts';

const RULE = { name: 'test', burst: 3, perMinute: 6 };

describe('SE3: rate limits', () => {
  it('allows a burst, then a steady rate, counted for each by themselves, and says how long to wait', () => {
    let now = 0;
    const limiter = createRateLimiter({ now: () => new Date(now) });
    const take = (key: string) => {
      try {
        limiter.take(RULE, key);
        return 'ok';
      } catch (error) {
        return (error as AppError).details?.retryAfterS;
      }
    };
    expect([take('a'), take('a'), take('a'), take('a')]).toEqual(['ok', 'ok', 'ok', 10]);
    expect(take('b')).toBe('ok');
    now += 5_000;
    expect(take('a')).toBe(5);
    now += 5_000;
    expect([take('a'), take('a')]).toEqual(['ok', 10]);
    now += 3_600_000;
    expect([take('a'), take('a'), take('a'), take('a')]).toEqual(['ok', 'ok', 'ok', 10]);
  });
});
