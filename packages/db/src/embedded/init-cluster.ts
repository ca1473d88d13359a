import { spawn } from 'node:child_process';
import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './place.ts';

/** The role and the database made for MarkCo. */
export const DB_NAME = 'markco';

/** Makes the cluster if there is none and returns its folder. Killed half-way, the next start begins anew. */
export async function initCluster(place: Place, password: string, log: (line: string) => void): Promise<string> {
  const pgdata = join(place.home, 'pgdata');
  if (existsSync(pgdata)) return pgdata;
  log('preparing the database (once)');
  const work = join(place.home, 'pgdata.new');
  const passwordFile = join(place.home, 'pgdata.password');
  rmSync(work, { recursive: true, force: true });
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (place.owner) chownSync(passwordFile, place.owner.uid, place.owner.gid);
    await run(place, [
      place.binaries.initdb,
      `--pgdata=${work}`,
      `--username=${DB_NAME}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // The builtin provider needs no locale of the system and folds Unicode the same everywhere.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ]);
    renameSync(work, pgdata);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  return pgdata;
}

/** Spawns with the place's user and capabilities, in a process group of its own so that Ctrl-C is ours to handle. */
export function spawnIn(place: Place, command: readonly string[], stdio: 'pipe' | ['ignore', number, number]) {
  const [program, ...args] = [...place.runAs.prefix, ...command] as [string, ...string[]];
  const env = {
    PATH: process.env.PATH ?? '',
    LC_ALL: 'C',
    TZ: 'UTC',
    ...(process.env.SYSTEMROOT && { SYSTEMROOT: process.env.SYSTEMROOT }),
  };
  return spawn(program, args, { cwd: '/', env, detached: true, stdio, windowsHide: true, ...place.runAs.user });
}

function run(place: Place, command: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawnIn(place, command, 'pipe');
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk).slice(-4000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`Preparing the database failed (initdb, exit ${code}):\n${output}`)),
    );
  });
}
