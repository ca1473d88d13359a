import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from './installation.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** `markco admin …` on a running installation; answers what it printed. */
export function admin(installation: Installation, ...words: string[]): string {
  const env = {
    ...process.env,
    DATABASE_URL: readFileSync(join(installation.dataDir, 'database-url'), 'utf8'),
    PUBLIC_URL: installation.url,
  };
  const done = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(ROOT, 'packages/api/src/admin-main.ts'), ...words],
    { env, encoding: 'utf8' },
  );
  if (done.status !== 0) throw new Error(`markco admin ${words.join(' ')}: ${done.stderr}`);
  return done.stdout.trim();
}
