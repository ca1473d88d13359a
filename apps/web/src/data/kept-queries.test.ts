import { QueryClient } from '@tanstack/react-query';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { keepQueries } from './kept-queries.ts';

const kept = new Map<string, unknown>();
vi.mock('../host/local-db.ts', () => ({
  read: async (_store: string, key: string) => structuredClone(kept.get(key)),
  write: async (_store: string, key: string, value: unknown) => void kept.set(key, structuredClone(value)),
  remove: async (_store: string, key: string) => void kept.delete(key),
}));

describe('keepQueries (WB3: what was shown is there at the next start)', () => {
  beforeEach(() => kept.clear());

  it('gives answers to the next start', async () => {
    vi.useFakeTimers();
    const first = new QueryClient();
    const stop = await keepQueries(first);
    await first.fetchQuery({ queryKey: ['projects'], queryFn: () => ['Tour'] });
    await vi.advanceTimersByTimeAsync(1_000);
    stop();
    vi.useRealTimers();
    const second = new QueryClient();
    (await keepQueries(second))();
    expect(second.getQueryData(['projects'])).toEqual(['Tour']);
  });

  it('does not bring back what is older than a month', async () => {
    kept.set('queries', { at: Date.now() - 31 * 86_400_000, state: { queries: [], mutations: [] } });
    const client = new QueryClient();
    (await keepQueries(client))();
    expect(client.getQueryCache().getAll()).toEqual([]);
  });
});
