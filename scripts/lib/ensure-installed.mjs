import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { fail, step } from './say.mjs';

const MIN = [20, 19];

/** Refuses a Node.js that is too old, in words a person can act on. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > MIN[0] || (major === MIN[0] && minor >= MIN[1])) return;
  fail(
    `MarkCo needs Node.js ${MIN.join('.')} or newer; this is ${process.versions.node}.`,
    'Install a newer one from https://nodejs.org and run the command again.',
  );
}

/** Installs exactly what the lockfile says, unless that is there already. */
export async function ensureInstalled() {
  checkNode();
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  const stamp = join(ROOT, 'node_modules', '.markco-installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  await step('Installing dependencies (the first time takes a minute or two)', async () => {
    // Not `npm ci`: it refuses a lockfile that lacks the optional binaries of other platforms (docs/decisions/0007).
    const { code, output } = await runCommand('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: ROOT,
      quiet: true,
    });
    if (code !== 0)
      fail(
        `npm could not install the dependencies:\n${output}`,
        'Check the network connection, then run the command again; nothing else was changed.',
      );
    writeFileSync(stamp, lock);
  });
}
