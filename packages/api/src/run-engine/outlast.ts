import { AppError } from '@markco/core/errors';
import type { Resources } from '../resources.ts';
import type { Waker } from './waker.ts';

/** How long after a failure the database is asked again, in ms, unless something wakes the watcher. */
const AGAIN_MS = 1_000;

/**
 * RU17, AG2: one look of a watcher at rows, taken again for as long as the database cannot be asked: who follows something sees a pause
 * and not an end. Resolves with null where the signal aborts first.
 * @throws AppError as `look` throws it: an answer, and not a failure
 */
export async function outlast<T>(
  resources: Pick<Resources, 'log'>,
  what: string,
  signal: AbortSignal,
  waker: Waker,
  look: () => Promise<T>,
): Promise<T | null> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await look();
    } catch (error) {
      if (error instanceof AppError) throw error;
      resources.log.warn({ err: error, what, failures }, 'a watcher could not look and tries again');
    }
    await waker.next(AGAIN_MS);
  }
  return null;
}
