import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as electron from 'electron';
import { SCHEME, SCHEME_PRIVILEGES } from './app-protocol.ts';
import { DesktopApp } from './desktop-app.ts';
import { readEnv } from './env.ts';

const dist = path.dirname(fileURLToPath(import.meta.url));
/** Python and native modules cannot be read inside an archive: the agent lies beside it. */
const unpacked = dist.replace(/app\.asar(?=$|[\\/])/, 'app.asar.unpacked');

/** The entry of the desktop app: one instance a person, everything else is {@link DesktopApp}'s. */
async function main(): Promise<void> {
  const { app } = electron;
  if (!app.requestSingleInstanceLock()) return app.quit();
  electron.protocol.registerSchemesAsPrivileged([{ scheme: SCHEME, privileges: SCHEME_PRIVILEGES }]);
  app.enableSandbox();
  const desktop = new DesktopApp({
    electron,
    dist: {
      renderer: path.join(dist, 'renderer'),
      preload: path.join(dist, 'preload.cjs'),
      agent: path.join(unpacked, 'agent.js'),
      icon: path.join(dist, 'icon.png'),
    },
    env: readEnv(process.env),
    platform: process.platform,
    argv: process.argv.slice(1),
    warn: (message) => process.stderr.write(`markco: ${message}\n`),
  });
  await app.whenReady();
  await desktop.start();
}

main().catch((error: unknown) => {
  electron.dialog.showErrorBox('MarkCo could not start', error instanceof Error ? error.message : String(error));
  electron.app.exit(1);
});
