import { randomUUID } from 'node:crypto';
import { link, open, rm, stat, writeFile } from 'node:fs/promises';
import { isProcessAlive } from '@markco/sync/file-store/is-process-alive';
import { errorCode, readIfExists } from './atomic-file.ts';

/** How old a guard must be to be left over. */
const GUARD_MS = 10_000;

/** Another agent with the same data folder runs. */
export class AlreadyRunningError extends Error {
  readonly pid: number;
  constructor(pid: number) {
    super(`An agent is already running here (process ${pid}). Stop it first, or set MARKCO_AGENT_DIR to another folder.`);
    this.name = 'AlreadyRunningError';
    this.pid = pid;
  }
}

export interface InstanceLock {
  release(): Promise<void>;
}

/** Takes the lock file, or throws {@link AlreadyRunningError}. A lock whose process is gone is taken over, also when its number was given to another. */
export async function takeInstanceLock(file: string): Promise<InstanceLock> {
  const mine = JSON.stringify({ pid: process.pid, started: await processStart(process.pid), token: randomUUID() });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 200; attempt++) {
      if (await tryLink(draft, file)) return { release: () => release(file, mine) };
      const held = await readIfExists(file);
      if (held === null) continue;
      const pid = await livePid(held);
      if (pid !== null) throw new AlreadyRunningError(pid);
      await removeStale(file, held);
    }
    throw new Error(`The lock ${file} could not be taken. Remove it if no agent is running.`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** The process that holds the lock, or null. */
export async function lockHolder(file: string): Promise<number | null> {
  const held = await readIfExists(file);
  return held === null ? null : livePid(held);
}

async function tryLink(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Only one starter at a time may take a stale lock away, or it could take the fresh one of another that was faster. */
async function removeStale(file: string, seen: string): Promise<void> {
  const guard = `${file}.takeover`;
  try {
    await (await open(guard, 'wx', 0o600)).close();
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    // Left by a starter that crashed here.
    const left = await stat(guard).catch(() => null);
    if (left && Date.now() - left.mtimeMs > GUARD_MS) await rm(guard, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 10));
    return;
  }
  try {
    if ((await readIfExists(file)) === seen) await rm(file, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function release(file: string, mine: string): Promise<void> {
  if ((await readIfExists(file)) === mine) await rm(file, { force: true });
}

async function livePid(held: string): Promise<number | null> {
  let pid: unknown;
  let started: unknown;
  try {
    ({ pid, started } = JSON.parse(held) as { pid?: unknown; started?: unknown });
  } catch {
    return null;
  }
  if (typeof pid !== 'number' || !isProcessAlive(pid)) return null;
  const now = await processStart(pid);
  return now !== null && typeof started === 'string' && now !== started ? null : pid;
}

/** Tells a process from a later one with the same number; null where the system does not say. */
async function processStart(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  const stat = await readIfExists(`/proc/${pid}/stat`).catch(() => null);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
