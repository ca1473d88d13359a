import { execFileSync, spawnSync } from 'node:child_process';

/** A user of the system, by number. */
export interface SystemUser {
  uid: number;
  gid: number;
}

/** How Postgres is started: Postgres refuses to run as root, so root hands it to another user. */
export interface RunAs {
  /** Put before the program's own words; empty where none is needed. */
  prefix: readonly string[];
  /** Null: the person who started us. */
  user: SystemUser | null;
}

/** Whether Postgres has to run as another user than we do. */
export const needsOtherUser = (): boolean => process.getuid?.() === 0;

/** The `postgres` user of the system, made if it is missing and can be made; else `nobody`. Only called as root. */
export function postgresUser(log: (line: string) => void): SystemUser {
  const existing = lookUp('postgres');
  if (existing) return existing;
  for (const [program, ...args] of [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
    ['adduser', '-S', '-D', '-H', 'postgres'],
  ] as [string, ...string[]][]) {
    const made = spawnSync(program, args, { stdio: 'ignore' }).status === 0 ? lookUp('postgres') : null;
    if (made) {
      log('made the system user "postgres": Postgres does not run as root');
      return made;
    }
  }
  const nobody = lookUp('nobody');
  if (nobody) return nobody;
  throw new Error(
    'Postgres does not run as root, and no other user could be found or made. Start MarkCo as an ordinary user, or set DATABASE_URL.',
  );
}

function lookUp(name: string): SystemUser | null {
  const number = (flag: string) =>
    Number.parseInt(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }), 10);
  try {
    return { uid: number('-u'), gid: number('-g') };
  } catch {
    return null;
  }
}

/** Whether `user` may start the program, by its path, with its libraries. */
export function canRun(user: SystemUser, program: string): boolean {
  return works({ prefix: [], user }, ['/bin/sh', '-c', 'test -x "$1" && "$1" --version', 'sh', program]);
}

/**
 * The mildest way for `user` to work in the folder: as is; or, where a folder above it is closed to it (a 0700 checkout),
 * with the one capability to pass closed folders and read. Null where neither works.
 */
export function reachableAs(user: SystemUser, folder: string): RunAs | null {
  const setpriv = ['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const capability = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
  const ways: RunAs[] = [
    { prefix: [], user },
    { prefix: [...setpriv, ...capability], user: null },
  ];
  return ways.find((way) => works(way, ['/bin/sh', '-c', 'cd "$1" && ls . >/dev/null', 'sh', folder])) ?? null;
}

function works(way: RunAs, command: readonly string[]): boolean {
  const [program, ...args] = [...way.prefix, ...command] as [string, ...string[]];
  return spawnSync(program, args, { stdio: 'ignore', cwd: '/', ...way.user }).status === 0;
}
