/** `npm run desktop`: builds the desktop app and starts it in Electron, or says what is missing. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled } from './lib/ensure-installed.mjs';
import { ROOT } from './lib/paths.mjs';
import { runCommand } from './lib/run-command.mjs';
import { fail, step } from './lib/say.mjs';

await ensureInstalled();
const electron = join(ROOT, 'node_modules/electron');

/** Electron's package says where its binary is; the binary itself is a download of its own. */
function binary() {
  const pathFile = join(electron, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const path = join(electron, 'dist', readFileSync(pathFile, 'utf8').trim());
  return existsSync(path) ? path : null;
}

/** The line that says why; what follows is the stack and Node's version. */
const firstError = (output) => {
  const lines = output.trim().split('\n');
  return (lines.find((line) => line.includes('Error')) ?? lines.at(-1)).trim();
};

if (!binary()) {
  const { code, output } = await step('Downloading Electron', () =>
    runCommand(process.execPath, [join(electron, 'install.js')], { quiet: true }),
  );
  if (code !== 0 || !binary()) {
    fail(
      `Electron's binary is not on this computer and could not be downloaded.\n${firstError(output)}`,
      'Connect to the internet (it comes from GitHub releases; ELECTRON_MIRROR names another place) and run the command again. Everything but the desktop window works without it: npm start.',
    );
  }
}
await step('Building the desktop app', async () => {
  const { code, output } = await runCommand(process.execPath, [join(ROOT, 'apps/electron/build.mjs')], {
    cwd: join(ROOT, 'apps/electron'),
    quiet: true,
  });
  if (code !== 0) fail(`The desktop app could not be built:\n${output}`);
});
const child = spawn(binary(), [join(ROOT, 'apps/electron'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, ELECTRON_RUN_AS_NODE: undefined },
});
child.on('exit', (code) => process.exit(code ?? 1));
