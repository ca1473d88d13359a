import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { fail, step } from './say.mjs';

const INPUTS = [
  'apps/web',
  'packages/core/src',
  'packages/editor/src',
  'packages/api/src',
  'packages/db/src',
  'packages/sync/src',
  'package-lock.json',
];
const SKIP = new Set(['node_modules', '.next', 'generated', '.turbo', 'next-env.d.ts', 'tsconfig.tsbuildinfo']);

function* files(path) {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (SKIP.has(entry.name) || /\.test\.tsx?$/.test(entry.name)) continue;
    const full = join(path, entry.name);
    if (entry.isDirectory()) yield* files(full);
    else if (entry.isFile()) yield full;
  }
}

/** A hash of everything the web build is made from. */
function inputsHash() {
  const hash = createHash('sha256');
  for (const input of INPUTS) {
    const full = join(ROOT, input);
    for (const file of input.endsWith('.json') ? [full] : files(full)) hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Writes the Prisma client where the schema is newer than it. */
export async function ensureGenerated() {
  const { code, output } = await runCommand(process.execPath, [join(ROOT, 'scripts/generate.mjs')], { cwd: ROOT, quiet: true });
  if (code !== 0) fail(`The database client could not be generated:\n${output}`);
}

/** Builds the web app where its sources changed since the last build. */
export async function ensureBuilt() {
  await ensureGenerated();
  const stamp = join(ROOT, 'apps/web/.next/MARKCO_BUILD');
  const hash = inputsHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  await step('Building the web app', async () => {
    const { code, output } = await runCommand(process.execPath, [join(ROOT, 'node_modules/next/dist/bin/next'), 'build'], {
      cwd: join(ROOT, 'apps/web'),
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
      quiet: true,
    });
    if (code !== 0) fail(`The web app could not be built:\n${output}`);
    writeFileSync(stamp, hash);
  });
}
