/**
 * `npm run conformance`: the MRP suite against every runtime of ours that can be started here, as a table of cases and verdicts.
 * `npm run conformance -- http://127.0.0.1:8000` looks at a runtime somebody started (MRP_SECRET is its bearer secret, if it has one).
 * `npm run conformance -- --write` puts the table into docs/conformance.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformanceTable } from './lib/conformance-table.mjs';
import { ensureGenerated } from './lib/ensure-built.mjs';
import { ensureInstalled } from './lib/ensure-installed.mjs';
import { ROOT } from './lib/paths.mjs';
import { runCommand } from './lib/run-command.mjs';
import { fail, say } from './lib/say.mjs';

await ensureInstalled();
await ensureGenerated();
const { ensurePlottingPython } = await import('./lib/ensure-test-tools.mjs');
const given = process.argv.slice(2);
const urls = given.filter((argument) => /^https?:/.test(argument));
const unknown = given.filter((argument) => !urls.includes(argument) && argument !== '--write');
if (unknown.length > 0) fail(`${unknown.join(' ')} is no address.`, 'Give addresses such as http://127.0.0.1:8000, or none at all.');
const python = urls.length > 0 ? null : await ensurePlottingPython();

const folder = mkdtempSync(join(tmpdir(), 'markco-conformance-'));
const report = join(folder, 'report.json');
const vitest = [
  'run',
  '--root',
  ROOT,
  '--config',
  join(ROOT, 'tests/conformance/vitest.config.ts'),
  '--reporter=json',
  `--outputFile=${report}`,
];
const { code, output } = await runCommand(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...vitest], {
  cwd: ROOT,
  quiet: true,
  env: { ...process.env, MRP_TARGETS: JSON.stringify(urls), ...(python && { MARKCO_TEST_PYTHON: python }) },
});
const results = read(report);
rmSync(folder, { recursive: true, force: true });
const { table, failures } = conformanceTable(results);
if (!table) fail(`The suite could not be run.\n${results?.testResults?.[0]?.message || output}`);
say(table);
for (const { runtime, name, message } of failures) say(`\n✗ ${runtime}: ${name}\n  ${message.split('\n').slice(0, 12).join('\n  ')}`);
if (given.includes('--write')) write(table);
if (code !== 0 || failures.length > 0) process.exit(1);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Replaces what stands between the marks. */
function write(text) {
  const path = join(ROOT, 'docs/conformance.md');
  const page = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    page.replace(/(<!-- table -->\n)[\s\S]*(<!-- \/table -->)/, (_, from, to) => `${from}${text}\n${to}`),
  );
  say(`\nWritten to ${path}`);
}
