import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isProcessAlive } from './is-process-alive.ts';
import { STATE_FOLDER } from './root-files.ts';

const BEAT_MS = 10_000;
const STALE_MS = 35_000;

/**
 * One process at a time keeps a folder's state: two would cut each other's logs. Throws where another living process has it.
 * Returns the release. A lock whose process is dead, or that was not touched for 35 s (a number used again after a reboot), is taken over.
 */
export async function lockRoot(dir: string): Promise<() => Promise<void>> {
  const file = path.join(dir, STATE_FOLDER, 'lock');
  const holder = await readHolder(file);
  if (holder !== null && holder !== process.pid && isProcessAlive(holder)) {
    throw new Error(`Another MarkCo (process ${holder}) already keeps ${dir}. Quit that one, or use it.`);
  }
  await writeFile(file, String(process.pid));
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, BEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    if ((await readHolder(file)) === process.pid) await rm(file, { force: true });
  };
}

async function readHolder(file: string): Promise<number | null> {
  try {
    const [text, stats] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    if (Date.now() - stats.mtimeMs > STALE_MS) return null;
    const pid = Number.parseInt(text, 10);
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
