/** `npm run check`: the static checks, all of them, then what failed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureGenerated } from './lib/ensure-built.mjs';
import { ensureInstalled } from './lib/ensure-installed.mjs';
import { ROOT } from './lib/paths.mjs';
import { runCommand } from './lib/run-command.mjs';
import { fail, say } from './lib/say.mjs';

await ensureInstalled();
await ensureGenerated();

const bin = (path, ...args) => [process.execPath, [join(ROOT, 'node_modules', path), ...args]];
const projects = [
  ...['packages', 'apps'].flatMap((dir) => readdirSync(join(ROOT, dir)).map((name) => `${dir}/${name}`)),
  'scripts',
  'tests',
];
const checks = [
  ['format and lint', ...bin('@biomejs/biome/bin/biome', 'check', '.')],
  ['dependency law', process.execPath, [join(ROOT, 'scripts/check-dependencies.mjs')]],
  ['dead code', ...bin('knip/bin/knip.js', '--no-progress')],
  ...projects.map((path) => [`types of ${path}`, ...bin('typescript/bin/tsc', '-p', path, '--noEmit')]),
];

const failed = [];
const queue = [...checks];
const work = async () => {
  for (let check = queue.shift(); check; check = queue.shift()) {
    const [name, command, args] = check;
    const { code, output } = await runCommand(command, args, { cwd: ROOT, quiet: true });
    say(`${code === 0 ? '✓' : '✗'} ${name}`);
    if (code !== 0) failed.push(`${name}\n${output}`);
  }
};
await Promise.all([work(), work()]);
if (failed.length > 0) fail(`${failed.length} of ${checks.length} checks failed:\n\n${failed.join('\n')}`);
say(`${checks.length} checks passed`);
