import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Binaries, findBinaries } from './binaries.ts';
import { PUBLIC_HOME, publicPrograms } from './public-programs.ts';
import { canRun, needsOtherUser, postgresUser, type RunAs, reachableAs, type SystemUser } from './run-as.ts';

/** Everything settled before Postgres is started: its programs, its cluster's folder and as whom it runs. */
export interface Place {
  binaries: Binaries;
  /** Holds the cluster (`pgdata` once it exists). Owned by whom Postgres runs as. */
  home: string;
  runAs: RunAs;
  /** Owner for files that Postgres must read. */
  owner: SystemUser | null;
}

type Log = (line: string) => void;

/** In the data folder: names the folder the database moved to. */
const MOVED = 'moved-to';

/** Decides how Postgres runs on `dataDir`, making the folder. As root, both the programs and the data may lie where no other user may go. */
export function preparePlace(dataDir: string, log: Log): Place {
  const binaries = findBinaries();
  const home = join(dataDir, 'cluster');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (!needsOtherUser()) return { binaries, home, runAs: { prefix: [], user: null }, owner: null };
  const user = postgresUser(log);
  const programs = canRun(user, binaries.initdb) && canRun(user, binaries.postgres) ? binaries : publicPrograms(binaries, log);
  return { binaries: programs, ...placeData(dataDir, home, user, log), owner: user };
}

function placeData(dataDir: string, home: string, user: SystemUser, log: Log): Pick<Place, 'home' | 'runAs'> {
  chownSync(home, user.uid, user.gid);
  // Others may pass, not list: the password beside the cluster is 0600.
  chmodSync(dataDir, 0o711);
  // Where it went once it stays, or a later start would find an empty database.
  if (existsSync(join(dataDir, MOVED))) return relocate(dataDir, user, log);
  const runAs = reachableAs(user, home);
  if (runAs) return { home, runAs };
  if (existsSync(join(home, 'pgdata'))) {
    throw new Error(
      `The database in ${home} cannot be reached by the user "postgres" any more: a folder above it is closed. Open it (chmod o+x), or set MARKCO_DATA_DIR.`,
    );
  }
  return relocate(dataDir, user, log);
}

function relocate(dataDir: string, user: SystemUser, log: Log): Pick<Place, 'home' | 'runAs'> {
  const root = join(PUBLIC_HOME, `markco-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`);
  const home = join(root, 'cluster');
  const known = existsSync(join(dataDir, MOVED));
  // Left by a data folder that was deleted since: kept, but not taken for this one's.
  if (!known && existsSync(home)) renameSync(home, `${home}-${Date.now()}`);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  chownSync(home, user.uid, user.gid);
  chmodSync(home, 0o700);
  const runAs = reachableAs(user, home);
  if (!runAs) {
    throw new Error(
      `Postgres cannot run here: the user "postgres" may enter neither ${dataDir} nor ${root}. Start MarkCo as an ordinary user, or set DATABASE_URL.`,
    );
  }
  if (!known) log(`the user "postgres" may not enter ${dataDir}: the database is in ${root} instead`);
  writeFileSync(join(dataDir, MOVED), `${root}\n`);
  return { home, runAs };
}
