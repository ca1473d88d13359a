import { setTimeout as delay } from 'node:timers/promises';
import type { TextFile, UnusableFile } from './text-file.ts';

const MAX_LOOKS = 40;
// Older than this, no program is in the middle of writing it.
const AT_REST_MS = 2_000;
const EMPTY_FACTOR = 8;

type Found = TextFile | UnusableFile | null;

/**
 * Reads until two looks in a row see the same bytes, so that a save that is half done is not taken for a deletion (FB5). A file with
 * `known` bytes, or at rest for long, is taken at once; an empty one gets more time, as truncating comes before writing.
 */
export async function readSettled(read: () => Promise<Found>, known: string | null, settleMs: number): Promise<Found> {
  let found = await read();
  for (let look = 0; look < MAX_LOOKS; look++) {
    if (found?.status !== 'ok' || found.hash === known) return found;
    if (Math.abs(Date.now() - found.stamp.mtimeMs) > AT_REST_MS) return found;
    await delay(found.text === '' ? settleMs * EMPTY_FACTOR : settleMs);
    const again = await read();
    if (again?.status === 'ok' && again.hash === found.hash) return again;
    found = again;
  }
  return found;
}
