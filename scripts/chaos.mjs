/**
 * `npm run chaos`: breaks the relay, what runs depend on, the database and the disk in every way tests/chaos knows, whole sizes, and prints a summary.
 * `npm run chaos -- relay-killed` runs one file. CHAOS_SEED repeats a run's decisions; CHAOS_KILLS sets how often the relay is killed.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureGenerated } from './lib/ensure-built.mjs';
import { ensureInstalled } from './lib/ensure-installed.mjs';
import { ROOT } from './lib/paths.mjs';
import { runCommand } from './lib/run-command.mjs';
import { fail, say } from './lib/say.mjs';

await ensureInstalled();
await ensureGenerated();

const ENDING = '.test.ts';
const all = readdirSync(join(ROOT, 'tests/chaos'))
  .filter((name) => name.endsWith(ENDING))
  .map((name) => name.slice(0, -ENDING.length));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) fail(`There is nothing named ${unknown.join(', ')} in tests/chaos.`, `There are: ${all.join(', ')}.`);

const seed = process.env.CHAOS_SEED ?? String(Math.floor(Math.random() * 2 ** 31));
const folder = mkdtempSync(join(tmpdir(), 'markco-chaos-'));
const report = join(folder, 'report.jsonl');
const files = (wanted.length > 0 ? wanted : all).map((name) => `tests/chaos/${name}${ENDING}`);
say(`CHAOS_SEED=${seed}`);
const { code } = await runCommand(
  process.execPath,
  [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'integration', '--no-file-parallelism', ...files],
  { cwd: ROOT, env: { ...process.env, CHAOS_WHOLE: '1', CHAOS_SEED: seed, CHAOS_REPORT: report } },
);
summarize();
rmSync(folder, { recursive: true, force: true });
if (code !== 0) fail('A promise was broken.', `CHAOS_SEED=${seed} npm run chaos repeats what this run decided.`);

function summarize() {
  const lines = existsSync(report) ? readFileSync(report, 'utf8').trim().split('\n') : [];
  const results = lines.map((line) => JSON.parse(line));
  say(`\n| | scenario | time | numbers |\n|---|---|---|---|`);
  for (const { name, ok, seconds, counts } of results) {
    const numbers = Object.entries(counts).map(([what, value]) => `${what} ${value}`);
    say(`| ${ok ? '✓' : '✗'} | ${name} | ${seconds.toFixed(1)} s | ${numbers.join(', ')} |`);
  }
  const kept = results.filter(({ ok }) => ok).length;
  say(`\n${kept} of ${results.length} scenarios kept every promise. CHAOS_SEED=${seed}`);
}
