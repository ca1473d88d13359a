/**
 * `node scripts/screenshots.mjs [folder]`: starts an installation, runs cells on it from a phone-sized browser and pictures what a person sees of
 * runs. Without a folder into docs/images/runs, a few of them dark too; with one, all of them light and dark. Takes about four minutes: losing contact with a computer takes 35 s.
 */
import { join } from 'node:path';
import { ensureGenerated } from './lib/ensure-built.mjs';
import { ensureInstalled } from './lib/ensure-installed.mjs';
import { ensureBrowser, ensurePlottingPython } from './lib/ensure-test-tools.mjs';
import { ROOT } from './lib/paths.mjs';
import { runCommand } from './lib/run-command.mjs';
import { fail } from './lib/say.mjs';

await ensureInstalled();
await ensureGenerated();
const browser = process.env.MARKCO_TEST_BROWSER ?? (await ensureBrowser());
if (!browser) fail('There is no browser to take pictures with.', 'Set MARKCO_TEST_BROWSER to the path of a Chromium.');
// Plots and tables are drawn by what the person's Python has: matplotlib, and pandas.
const python = process.env.MARKCO_TEST_PYTHON ?? (await ensurePlottingPython());
const out = process.argv[2] ?? join(ROOT, 'docs/images/runs');
const { code } = await runCommand(
  process.execPath,
  [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), join(ROOT, 'tests/screenshots/take.ts'), out, process.argv[2] ? 'all' : 'some'],
  { cwd: ROOT, env: { ...process.env, MARKCO_TEST_BROWSER: browser, ...(python && { MARKCO_TEST_PYTHON: python }) } },
);
if (code !== 0) fail('The pictures could not be taken.');
