import { createHash } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Binaries, findBinaries } from './binaries.ts';
import { needsOtherUser, postgresUser, type RunAs, reachableAs } from './run-as.ts';

/** Everything settled before Postgres is started: its programs, its cluster's folder and as whom it runs. */
export interface Place {
  binaries: Binaries;
  /** Holds the cluster (`pgdata` once it exists). Owned by whom Postgres runs as. */
  home: string;
  runAs: RunAs;
  /** Owner for files that Postgres must read. */
  owner: { uid: number; gid: number } | null;
}

/** Where data and programs go when root keeps both in folders that no other user may enter and the kernel lends no capability. */
const PUBLIC_HOME = '/var/lib';

/** Decides how Postgres runs on `dataDir`, making the folder. */
export function preparePlace(dataDir: string, log: (line: string) => void): Place {
  const binaries = findBinaries();
  const home = join(dataDir, 'cluster');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (!needsOtherUser()) return { binaries, home, runAs: { prefix: [], user: null }, owner: null };
  const user = postgresUser(log);
  chownSync(home, user.uid, user.gid);
  // Others may pass, not list: the password beside the cluster is 0600.
  chmodSync(dataDir, 0o711);
  const runAs = reachableAs(user, binaries.postgres, home);
  return runAs ? { binaries, home, runAs, owner: user } : relocate(dataDir, binaries, user, log);
}

function relocate(dataDir: string, binaries: Binaries, user: { uid: number; gid: number }, log: (line: string) => void): Place {
  const root = join(PUBLIC_HOME, `markco-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`);
  const programs = join(root, 'native');
  const home = join(root, 'cluster');
  mkdirSync(home, { recursive: true, mode: 0o755 });
  chownSync(home, user.uid, user.gid);
  chmodSync(home, 0o700);
  if (!existsSync(programs)) {
    const copy = `${programs}-${process.pid}`;
    cpSync(binaries.root, copy, { recursive: true, verbatimSymlinks: true });
    rmSync(programs, { recursive: true, force: true });
    renameSync(copy, programs);
  }
  const file = (path: string) => join(programs, 'bin', path.slice(dirname(path).length + 1));
  const moved = { root: programs, initdb: file(binaries.initdb), postgres: file(binaries.postgres) };
  const runAs = reachableAs(user, moved.postgres, home);
  if (!runAs)
    throw new Error(
      `Postgres cannot run here: the user "postgres" may enter neither ${dataDir} nor ${root}. Start MarkCo as an ordinary user, or set DATABASE_URL.`,
    );
  log(`the user "postgres" may not enter ${dataDir}: the database is in ${root} instead`);
  return { binaries: moved, home, runAs, owner: user };
}
