import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@markco/db/embedded-postgres';
import { migrate } from '@markco/db/migrate';
import { ROOT } from '../lib/paths.mjs';
import { fail, paint, say, step } from '../lib/say.mjs';
import { prepareInstallation } from './installation.ts';
import { takeLock } from './lock.ts';
import { ManagedProcess, type ProcessSpec } from './managed-process.ts';
import { assertPortFree } from './port-free.ts';
import { readSettings, type Settings } from './settings.ts';
import { waitReady } from './wait-ready.ts';

const READY_WITHIN_MS = 90_000;
const write = (text: string) => process.stdout.write(text);

/** The secret that signs tickets and tokens: made once, readable by its owner only. */
function secretFile(dataDir: string): string {
  const file = join(dataDir, 'secret');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600 });
  chmodSync(file, 0o600);
  return readFileSync(file, 'utf8').trim();
}

/** The processes of an installation, in the order they start. */
function processes(
  settings: Settings,
  databaseUrl: string,
  given: { secret: string; workerToken: string; credentialsFile: string | null },
): ProcessSpec[] {
  const local = `http://127.0.0.1:${settings.port}`;
  const common: NodeJS.ProcessEnv = {
    ...process.env,
    NODE_ENV: settings.dev ? 'development' : 'production',
    DATABASE_URL: databaseUrl,
    MARKCO_DATA_DIR: settings.dataDir,
    MARKCO_SECRET: given.secret,
    MARKCO_WORKSPACES_DIR: process.env.MARKCO_WORKSPACES_DIR ?? join(settings.dataDir, 'workspaces'),
    PORT: String(settings.port),
    SYNC_RELAY_PORT: String(settings.syncPort),
    SYNC_RELAY_URL: `http://127.0.0.1:${settings.syncPort}`,
    PUBLIC_URL: settings.publicUrl,
    NEXTAUTH_URL: settings.publicUrl,
    NEXTAUTH_SECRET: given.secret,
  };
  const { DATABASE_URL: _db, MARKCO_SECRET: _secret, NEXTAUTH_SECRET: _auth, ...outside } = common;
  const watch = settings.dev;
  const specs: ProcessSpec[] = [
    { name: 'sync', entry: join(ROOT, 'packages/sync/src/main.ts'), env: { ...common, HOST: '127.0.0.1' }, watch },
    {
      name: 'web',
      entry: join(ROOT, 'apps/web/server.ts'),
      args: settings.dev ? ['--dev'] : [],
      env: { ...common, HOST: settings.host, MARKCO_LOCAL_USER: '1' },
      watch,
    },
    {
      name: 'worker',
      entry: join(ROOT, 'packages/agent/src/worker-main.ts'),
      // A folder of its own: the default one belongs to the person's own agent, and one process at a time holds it.
      env: {
        ...outside,
        MARKCO_SERVER: local,
        MARKCO_WORKER_TOKEN: given.workerToken,
        MARKCO_AGENT_DIR: join(settings.dataDir, 'worker'),
      },
      watch,
    },
  ];
  if (given.credentialsFile) {
    specs.push({
      name: 'agent',
      entry: join(ROOT, 'packages/agent/src/cli/main.ts'),
      args: ['agent'],
      env: {
        ...outside,
        MARKCO_SERVER: local,
        MARKCO_AGENT_DIR: join(settings.dataDir, 'agent'),
        MARKCO_CREDENTIALS_FILE: given.credentialsFile,
      },
      watch,
    });
  }
  return specs;
}

/** Prints where to go, with a code for the phone where the local network was asked for. */
async function announce(settings: Settings, pairing: string | null): Promise<void> {
  say(`\n  ${paint.bold('MarkCo is ready')}\n\n  On this computer   ${paint.bold(`http://localhost:${settings.port}`)}`);
  if (settings.lan && pairing) {
    const { default: qr } = await import('qrcode');
    say(`  On your phone      ${paint.bold(pairing)}   (once, within 5 minutes)\n`);
    say(await qr.toString(pairing, { type: 'terminal', small: true }));
  } else {
    say(`  On your phone      npm start -- --lan   shows a code to scan`);
  }
  say(`  Its data           ${settings.dataDir}\n  Stop               Ctrl-C\n`);
}

/** Starts everything, keeps it running, and stops it in order on SIGINT or SIGTERM. */
export async function supervise(options: { dev: boolean; lan: boolean }): Promise<void> {
  const settings = await Promise.resolve()
    .then(() => readSettings(options))
    .catch((error: Error) => fail(error.message));
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o755 });
  const lock = takeLock(join(settings.dataDir, 'supervisor.lock'));
  if ('heldBy' in lock) {
    fail(
      `MarkCo already runs here (process ${lock.heldBy}, data in ${settings.dataDir}).`,
      `Open http://localhost:${settings.port}, or stop it first with Ctrl-C in its terminal.`,
    );
  }
  const stopping = new AbortController();
  const running: ManagedProcess[] = [];
  const pids: Record<string, number> = {};
  let postgres: { stop(): Promise<void> } | null = null;
  let ending: Promise<void> | null = null;

  const stopAll = async (): Promise<void> => {
    stopping.abort();
    await Promise.all(running.filter(({ spec }) => spec.name === 'agent' || spec.name === 'worker').map((child) => child.stop()));
    for (const name of ['web', 'sync']) await running.find(({ spec }) => spec.name === name)?.stop();
    await postgres?.stop();
    for (const name of ['processes.json', 'database-url']) rmSync(join(settings.dataDir, name), { force: true });
    lock.release();
  };
  const end = (code: number, why: string): Promise<void> => {
    ending ??= (async () => {
      say(`\n${why}`);
      await stopAll().catch((error: Error) => write(`${paint.red('✗')} ${error.message}\n`));
      say('Stopped. Everything is saved.');
      process.exit(code);
    })();
    return ending;
  };
  process.on('SIGINT', () => void end(0, 'Stopping …'));
  process.on('SIGTERM', () => void end(0, 'Stopping …'));
  process.on('SIGHUP', () => void end(0, 'Stopping …'));

  try {
    await assertPortFree(settings.port, 'PORT', settings.host);
    await assertPortFree(settings.syncPort, 'SYNC_RELAY_PORT', '127.0.0.1');
    const embedded = settings.databaseUrl
      ? null
      : await step('Starting the database', () => startEmbeddedPostgres({ dataDir: join(settings.dataDir, 'postgres') }));
    postgres = embedded;
    const databaseUrl = settings.databaseUrl ?? embedded!.url;
    // For `markco admin` on this installation; readable by its owner only.
    if (embedded) writeFileSync(join(settings.dataDir, 'database-url'), databaseUrl, { mode: 0o600 });
    await step('Bringing the database up to date', () => migrate(databaseUrl));
    const secret = process.env.MARKCO_SECRET ?? secretFile(settings.dataDir);
    const given = await prepareInstallation(settings, databaseUrl, secret);
    const specs = processes(settings, databaseUrl, { ...given, secret });
    const children = specs.map((spec, index) => {
      const child = new ManagedProcess(spec, index, write, (pid) => {
        pids[spec.name] = pid;
        writeFileSync(join(settings.dataDir, 'processes.json'), JSON.stringify(pids));
      });
      running.push(child);
      return child;
    });
    const start = (names: string[]) => {
      for (const child of children) if (names.includes(child.spec.name) && !stopping.signal.aborted) child.start();
    };
    await step('Starting sync and web', async () => {
      start(['sync', 'web']);
      const ready = [settings.syncPort, settings.port].map((port) =>
        waitReady(`http://127.0.0.1:${port}/readyz`, READY_WITHIN_MS, stopping.signal),
      );
      await Promise.all(ready);
    });
    // They dial web, and would only wait for it.
    start(['worker', 'agent']);
    await announce(settings, given.pairingUrl);
    if (process.send) process.send('ready');
  } catch (error) {
    if (stopping.signal.aborted) return;
    write(`${paint.red('✗')} ${error instanceof Error ? error.message : String(error)}\n`);
    await end(1, 'MarkCo could not start; nothing was lost.');
  }
}
