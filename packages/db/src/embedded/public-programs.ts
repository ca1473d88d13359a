import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Binaries } from './binaries.ts';

/** Where root puts what the user "postgres" must reach. */
export const PUBLIC_HOME = '/var/lib';

/**
 * A copy of Postgres where every user may run it, made once a version: for a checkout that is closed to other users (under
 * /root, or made by `mktemp -d`). A capability does not help there, because Postgres asks `access(2)`, which ignores it.
 */
export function publicPrograms(binaries: Binaries, log: (line: string) => void): Binaries {
  const digest = createHash('sha256').update(readFileSync(binaries.postgres)).digest('hex').slice(0, 12);
  const root = join(PUBLIC_HOME, `markco-postgres-${digest}`);
  if (!existsSync(root)) {
    log(`the user "postgres" may not enter ${binaries.root}: a copy of Postgres goes to ${root}`);
    mkdirSync(PUBLIC_HOME, { recursive: true });
    const copy = `${root}.${process.pid}`;
    cpSync(binaries.root, copy, { recursive: true, verbatimSymlinks: true });
    // Another start may have made the same copy in between.
    if (existsSync(root)) rmSync(copy, { recursive: true, force: true });
    else renameSync(copy, root);
  }
  const inCopy = (file: string) => join(root, 'bin', basename(file));
  return { root, initdb: inCopy(binaries.initdb), postgres: inCopy(binaries.postgres) };
}
