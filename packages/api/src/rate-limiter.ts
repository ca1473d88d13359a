import { AppError } from '@markco/core/errors';

/** SE3: `burst` at once, `perMinute` after that. */
export interface RateRule {
  name: string;
  burst: number;
  perMinute: number;
}

export interface RateLimiter {
  /** Counts one use by `key` (a user or an address). Throws `rate_limited` with the seconds to wait. */
  take(rule: RateRule, key: string): void;
}

const MAX_BUCKETS = 50_000;

/** Token buckets in memory: each process counts for itself, which is enough to stop a flood and costs no round trip. */
export function createRateLimiter(clock: { now(): Date }): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    take(rule, key) {
      const now = clock.now().getTime();
      const id = `${rule.name}:${key}`;
      const bucket = buckets.get(id) ?? { tokens: rule.burst, at: now };
      const tokens = Math.min(rule.burst, bucket.tokens + (Math.max(0, now - bucket.at) / 60_000) * rule.perMinute);
      // Re-inserted, so that the map's order is by last use.
      buckets.delete(id);
      if (buckets.size >= MAX_BUCKETS) buckets.delete(buckets.keys().next().value as string);
      buckets.set(id, { tokens: Math.max(0, tokens >= 1 ? tokens - 1 : tokens), at: now });
      if (tokens < 1) throw tooMany(Math.ceil(((1 - tokens) / rule.perMinute) * 60), rule);
    },
  };
}

function tooMany(seconds: number, rule: RateRule): AppError {
  return new AppError('rate_limited', `Too many requests: at most ${rule.perMinute} a minute. Try again in ${seconds} s.`, {
    log: `rate limit ${rule.name}`,
    details: { retryAfterS: seconds, limit: rule.name },
  });
}

/** The limits of the API, by name. */
export const RATES = {
  signIn: { name: 'sign-in', burst: 20, perMinute: 30 },
  devicePoll: { name: 'device-poll', burst: 30, perMinute: 60 },
  userCode: { name: 'user-code', burst: 10, perMinute: 10 },
  tokens: { name: 'tokens', burst: 20, perMinute: 20 },
  tickets: { name: 'tickets', burst: 400, perMinute: 1200 },
  runs: { name: 'runs', burst: 200, perMinute: 300 },
  seed: { name: 'seed', burst: 200, perMinute: 300 },
  versions: { name: 'versions', burst: 120, perMinute: 240 },
  restores: { name: 'restores', burst: 20, perMinute: 30 },
  keeps: { name: 'keeps', burst: 40, perMinute: 60 },
  search: { name: 'search', burst: 60, perMinute: 120 },
  badCredentials: { name: 'bad-credentials', burst: 60, perMinute: 60 },
  browserMetrics: { name: 'browser-metrics', burst: 60, perMinute: 60 },
} satisfies Record<string, RateRule>;
