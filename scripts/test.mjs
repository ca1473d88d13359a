/** `npm test`: installs what the tests need, then unit, integration and browser tests. `npm test -- --project unit` and other vitest arguments work. */
import { join } from 'node:path';
import { ensureBuilt } from './lib/ensure-built.mjs';
import { ensureInstalled } from './lib/ensure-installed.mjs';
import { ROOT } from './lib/paths.mjs';
import { runCommand } from './lib/run-command.mjs';

await ensureInstalled();
const { ensureTestTools } = await import('./lib/ensure-test-tools.mjs');
const env = await ensureTestTools();
await ensureBuilt();
if (process.env.CI && (!env.MARKCO_TEST_BROWSER || !env.MARKCO_TEST_PYTHON || !env.MARKCO_TEST_REDIS)) {
  process.stderr.write('Nothing may be skipped in CI: a browser, a Python with matplotlib and a redis-server are needed.\n');
  process.exit(1);
}
const { code } = await runCommand(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...process.argv.slice(2)], {
  cwd: ROOT,
  env,
});
process.exit(code);
