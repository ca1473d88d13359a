import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { isProcessAlive } from './is-process-alive.ts';
import { STATE_FOLDER } from './root-files.ts';

const BEAT_MS = 10_000;
const STALE_MS = 35_000;
const MAX_ATTEMPTS = 8;

/** Which process, on which machine: two containers that share a disk may have the same number. */
interface Holder {
  readonly pid: number;
  readonly host: string | null;
  readonly fresh: boolean;
}

/**
 * One process at a time keeps a folder's state: two would cut each other's logs. Throws where another living process has it.
 * Returns the release. A lock whose process is dead, or that was not touched for 35 s (a number used again after a reboot), is taken over;
 * of two that try at once, one gets it.
 */
export async function lockRoot(dir: string): Promise<() => Promise<void>> {
  const file = path.join(dir, STATE_FOLDER, 'lock');
  const mine = `${process.pid} ${hostname()}`;
  // Made whole under another name: a lock that is there always says whose it is.
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, 'wx', 0o600);
  await handle.writeFile(mine).finally(() => handle.close());
  try {
    for (let attempt = 1; !(await tryLink(draft, file)); attempt++) {
      await removeAbandoned(dir, file);
      if (attempt === MAX_ATTEMPTS) throw new Error(`The folder ${dir} could not be locked: several programs try at once. Try again.`);
    }
  } finally {
    await rm(draft, { force: true });
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, BEAT_MS);
  beat.unref();
  return async () => {
    clearInterval(beat);
    if ((await readFile(file, 'utf8').catch(() => '')) === mine) await rm(file, { force: true });
  };
}

async function tryLink(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // File systems without hard links (FAT, some network disks): the next best, which two at the same instant could both get.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error;
    if ((await readHolder(file)) !== null) return false;
    await rename(draft, file);
    return true;
  }
}

/** Takes away a lock nobody keeps. Throws where somebody does. */
async function removeAbandoned(dir: string, file: string): Promise<void> {
  const holder = await readHolder(file);
  if (holder && isKept(holder)) throw new Error(`Another MarkCo (process ${holder.pid}) already keeps ${dir}. Quit that one, or use it.`);
  // Moved before it is removed: of two that find it abandoned, only one takes it away.
  const away = `${file}.${randomUUID()}`;
  const moved = await rename(file, away).then(
    () => true,
    () => false,
  );
  if (!moved) return;
  const taken = await readHolder(away);
  if (taken && isKept(taken)) await link(away, file).catch(() => undefined);
  await rm(away, { force: true });
}

function isKept({ pid, host, fresh }: Holder): boolean {
  if (!fresh) return false;
  if (host !== null && host !== hostname()) return true;
  // Our own number: this process, which has its own books, or one before a restart.
  return pid !== process.pid && isProcessAlive(pid);
}

async function readHolder(file: string): Promise<Holder | null> {
  try {
    const [text, stats] = await Promise.all([readFile(file, 'utf8'), stat(file)]);
    const [number = '', host] = text.trim().split(' ');
    const pid = Number.parseInt(number, 10);
    if (!Number.isInteger(pid) || pid <= 0) return null;
    return { pid, host: host ?? null, fresh: Date.now() - stats.mtimeMs <= STALE_MS };
  } catch {
    return null;
  }
}
