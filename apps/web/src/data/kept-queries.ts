import { type DehydratedState, dehydrate, hydrate, type QueryClient } from '@tanstack/react-query';
import * as local from '../host/local-db.ts';

const KEY = 'queries';
const MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;
const WRITE_AFTER_MS = 500;

interface Kept {
  at: number;
  state: DehydratedState;
}

/**
 * WB3: what the dashboard showed last is there at the next start, also without a network. Puts the kept answers into
 * the client, then keeps it up to date. Returns the stop function.
 */
export async function keepQueries(client: QueryClient): Promise<() => void> {
  const kept = await local.read<Kept>('cache', KEY).catch(() => undefined);
  if (kept && Date.now() - kept.at < MAX_AGE_MS) hydrate(client, kept.state);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = client.getQueryCache().subscribe((event) => {
    if (event.type !== 'updated' || event.action.type !== 'success') return;
    clearTimeout(timer);
    timer = setTimeout(() => void local.write('cache', KEY, { at: Date.now(), state: dehydrate(client) } satisfies Kept), WRITE_AFTER_MS);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
