import { randomUUID } from 'node:crypto';
import { readIfExists, writeAtomic } from '../config/atomic-file.ts';

/** The id a worker keeps over restarts of its machine; a new one where the disk does not last. */
export async function workerId(file: string): Promise<string> {
  const known = (await readIfExists(file))?.trim();
  if (known && /^[0-9a-f-]{36}$/.test(known)) return known;
  const made = randomUUID();
  await writeAtomic(file, `${made}\n`);
  return made;
}
