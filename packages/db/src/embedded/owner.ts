import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, isPostgresOn, processStart } from './process-info.ts';

/** Thrown where another running MarkCo already uses the folder. */
export class AlreadyRunning extends Error {
  constructor(dataDir: string, pid: number) {
    super(`MarkCo is already running on ${dataDir} (process ${pid}). Stop that one first, or give this one its own MARKCO_DATA_DIR.`);
    this.name = 'AlreadyRunning';
  }
}

const ownerFile = (dataDir: string) => join(dataDir, 'owner.json');

/** Makes this process the only one that may start Postgres on `dataDir`. Rejects with {@link AlreadyRunning}. */
export function claim(dataDir: string): () => void {
  const path = ownerFile(dataDir);
  const mine = JSON.stringify({ pid: process.pid, start: processStart(process.pid) });
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 3) throw error;
      const holder = readOwner(path);
      if (holder && processStart(holder.pid) === holder.start) throw new AlreadyRunning(dataDir, holder.pid);
      rmSync(path, { force: true });
    }
  }
}

function readOwner(path: string): { pid: number; start: string } | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** The server's process id from its own lock file, or null. */
export function postmasterPid(pgdata: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(join(pgdata, 'postmaster.pid'), 'utf8'), 10);
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/**
 * After a kill -9 of its owner a server may be left: it is stopped, so that this process starts its own. A lock file that
 * names a process which is no Postgres (ids are used again after a reboot) is removed; a dead one Postgres sorts out itself.
 */
export async function stopOrphan(pgdata: string, log: (line: string) => void): Promise<void> {
  const pid = postmasterPid(pgdata);
  if (pid === null || !isAlive(pid)) return;
  if (!isPostgresOn(pid, pgdata)) {
    rmSync(join(pgdata, 'postmaster.pid'), { force: true });
    return;
  }
  log(`stopping the Postgres that an earlier start left behind (process ${pid})`);
  await stopServer(pid);
}

/** Fast shutdown (SIGINT), then after 20 s the immediate one, from which Postgres recovers at its next start. */
export async function stopServer(pid: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 20_000],
    ['SIGQUIT', 5_000],
  ] as const) {
    if (!isAlive(pid)) return;
    process.kill(pid, signal);
    if (await goneWithin(pid, waitMs)) return;
  }
  throw new Error(`Postgres (process ${pid}) does not stop.`);
}

async function goneWithin(pid: number, ms: number): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (processStart(pid) === null) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}
