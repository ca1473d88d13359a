import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

interface Holder {
  pid: number;
  startedAt: string;
}

/** Whether the process is there. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function holderOf(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

/** A recycled pid is not a holder: the process must be a Node.js one (Linux tells; elsewhere the pid is believed). */
function isOurs(holder: Holder): boolean {
  if (!alive(holder.pid)) return false;
  try {
    return readFileSync(`/proc/${holder.pid}/cmdline`, 'utf8').includes('start.mjs');
  } catch {
    return process.platform !== 'linux';
  }
}

/**
 * Takes the installation's lock: one supervisor per data directory. A lock left by a killed one is taken over.
 * @returns the function that gives it back, or the pid that holds it
 */
export function takeLock(file: string): { release: () => void } | { heldBy: number } {
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: new Date().toISOString() }), { flag: 'wx' });
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = holderOf(file);
      if (holder && holder.pid !== process.pid && isOurs(holder)) return { heldBy: holder.pid };
      rmSync(file, { force: true });
    }
  }
}
