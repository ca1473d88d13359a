/**
 * `npm run bench`: every benchmark, ours beside the peers in one run; prints tables in markdown. `npm run bench -- relay` runs one,
 * `npm run bench -- relay 3 6` two of its rows (runs has rows too), `npm run bench -- soak` half an hour of churn.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureGenerated } from './lib/ensure-built.mjs';
import { ensureInstalled } from './lib/ensure-installed.mjs';
import { ROOT } from './lib/paths.mjs';
import { runCommand } from './lib/run-command.mjs';
import { fail } from './lib/say.mjs';

/** Takes too long to be part of "every benchmark". */
const ONLY_BY_NAME = ['soak'];

await ensureInstalled();
await ensureGenerated();
const folder = join(ROOT, 'tests/bench');
const all = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'run.ts')));
const given = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const rows = given.filter((argument) => /^\d+$/.test(argument));
const wanted = given.filter((argument) => !rows.includes(argument));
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) fail(`There is no benchmark named ${unknown.join(', ')}.`, `There are: ${all.join(', ')}.`);
const { ensureBrowser } = await import('./lib/ensure-test-tools.mjs');
for (const name of wanted.length > 0 ? wanted : all.filter((each) => !ONLY_BY_NAME.includes(each))) {
  // These need a browser, and say so where there is none.
  const browser = name === 'web' || name === 'runs' ? await ensureBrowser() : null;
  const env = { ...process.env, ...(browser && { MARKCO_TEST_BROWSER: browser }) };
  const { code } = await runCommand(
    process.execPath,
    ['--expose-gc', join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(folder, name, 'run.ts'), ...rows],
    { cwd: ROOT, env },
  );
  if (code !== 0) fail(`The benchmark ${name} failed.`);
}
