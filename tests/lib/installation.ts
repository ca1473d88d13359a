import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@markco/testing/free-port';

const ROOT = join(import.meta.dirname, '..', '..');

/** A whole installation, started as a person starts it, on ports and in a data directory of its own. */
export interface Installation {
  url: string;
  syncUrl: string;
  port: number;
  syncPort: number;
  dataDir: string;
  /** The supervisor's and its children's output so far. */
  output(): string;
  /** The pid of a child (`web`, `sync`, `worker`, `agent`) as it is now. */
  pid(name: string): number;
  /** kill −9 of one child; resolves when a new one has taken its place and the installation is ready again. */
  kill9(name: string): Promise<void>;
  /** Ctrl-C; resolves with the exit code. */
  stop(): Promise<number>;
  /** Ctrl-C, then start again on the same data, with other flags if given. */
  restart(env?: NodeJS.ProcessEnv): Promise<void>;
  remove(): Promise<void>;
}

/** Waits until `check` answers something true; rejects with `what` after `withinMs`. */
export async function until<T>(
  what: string,
  check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
  withinMs = 240_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  // A process that was stopped for longer than the wait looks once more.
  for (let isLast = false; !isLast; ) {
    isLast = Date.now() >= deadline;
    try {
      const answer = await check();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`timed out waiting until ${what}${last ? `: ${last instanceof Error ? last.message : String(last)}` : ''}`);
}

const readyAt = async (url: string): Promise<boolean> => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(60_000) })).ok;

/** Starts an installation and waits until it says it is ready. */
export async function startInstallation(options: { env?: NodeJS.ProcessEnv; localAgent?: boolean } = {}): Promise<Installation> {
  const [port, syncPort] = [await freePort(), await freePort()];
  const dataDir = mkdtempSync(join(tmpdir(), 'markco-test-'));
  const url = `http://127.0.0.1:${port}`;
  const syncUrl = `http://127.0.0.1:${syncPort}`;
  let child: ChildProcess;
  let log = '';

  const begin = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
    const started = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs')], {
      cwd: ROOT,
      env: {
        ...process.env,
        NODE_ENV: '',
        ...options.env,
        ...env,
        PORT: String(port),
        SYNC_RELAY_PORT: String(syncPort),
        MARKCO_DATA_DIR: dataDir,
        MARKCO_LOCAL_AGENT: options.localAgent ? '1' : '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    const keep = (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-500_000);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    log = '';
    const outcome = await until(
      'the installation is ready',
      () => (started.exitCode !== null ? `ended with ${started.exitCode}` : log.includes('MarkCo is ready') && 'ready'),
      300_000,
    ).catch((error: Error) => error.message);
    if (outcome !== 'ready') {
      started.kill('SIGTERM');
      throw new Error(`the installation could not start: ${outcome}\n${log.slice(-6_000)}`);
    }
  };
  const pid = (name: string): number =>
    (JSON.parse(readFileSync(join(dataDir, 'processes.json'), 'utf8')) as Record<string, number>)[name]!;
  const stop = (): Promise<number> =>
    new Promise((resolve) => {
      if (child.exitCode !== null) return resolve(child.exitCode);
      child.once('exit', (code) => resolve(code ?? 1));
      child.kill('SIGINT');
    });
  await begin();
  return {
    url,
    syncUrl,
    port,
    syncPort,
    dataDir,
    output: () => log,
    pid,
    kill9: async (name) => {
      const before = pid(name);
      process.kill(before, 'SIGKILL');
      await until(`${name} is back`, () => pid(name) !== before);
      await until('web and sync are ready', async () => (await readyAt(url)) && (await readyAt(syncUrl)));
    },
    stop,
    restart: async (env) => {
      await stop();
      await begin(env);
    },
    remove: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
