import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { freePort } from './free-port.ts';

const PATHS = [process.env.MARKCO_TEST_REDIS, '/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'];

/** The redis-server tests run; null where there is none (they skip then, and `npm test` says so by name). */
export const redisServer: string | null = PATHS.find((path) => path !== undefined && existsSync(path)) ?? null;

/** A Redis of its own, on loopback, that keeps nothing. */
export interface TestRedis {
  readonly url: string;
  /** It stays there and answers nobody; `resume` ends that. */
  pause(): void;
  resume(): void;
  /** It is gone; `start` brings another one to the same address. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Redis on a free port. Rejects where there is no redis-server. */
export async function startRedis(): Promise<TestRedis> {
  let port = 0;
  let child: ChildProcess | null = null;
  for (let tries = 0; !child && tries < 5; tries++) {
    // Another process may take the port between the look and the start.
    port = await freePort();
    child = await launch(port);
  }
  if (!child) throw new Error('Redis did not start.');
  const kill = async () => {
    const running = child;
    child = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const exit = once(running, 'exit');
    running.kill('SIGKILL');
    await exit;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    kill,
    start: async () => {
      child ??= await launch(port);
      if (!child) throw new Error(`Redis did not start again on port ${port}.`);
    },
    stop: kill,
  };
}

/** Null where it could not take the port. */
async function launch(port: number): Promise<ChildProcess | null> {
  if (!redisServer) throw new Error('There is no redis-server. Install one, or name it in MARKCO_TEST_REDIS.');
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'];
  const child = spawn(redisServer, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  // Should the tests be killed, it must not stay.
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve(null));
    let said = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
      if (said.includes('Ready to accept connections')) resolve(child);
    });
  });
}
