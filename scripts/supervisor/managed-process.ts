import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../lib/paths.mjs';
import { prefixLines } from './log-lines.ts';

const BACKOFF_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000];
const STABLE_MS = 60_000;

/** What to run: a TypeScript or JavaScript entry, under the same Node.js. */
export interface ProcessSpec {
  name: string;
  entry: string;
  args?: string[];
  env: NodeJS.ProcessEnv;
  /** Reload on change (development). */
  watch?: boolean;
  /** Milliseconds from SIGTERM to SIGKILL. */
  stopWithinMs?: number;
}

/** Keeps one child running: restarts it with back-off when it dies, stops it cleanly when asked. */
export class ManagedProcess {
  readonly spec: ProcessSpec;
  private child: ChildProcess | null = null;
  private stopping = false;
  private failures = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly feed: (chunk: string) => void;
  private readonly write: (text: string) => void;

  private readonly onStarted: (pid: number) => void;

  constructor(spec: ProcessSpec, index: number, write: (text: string) => void, onStarted: (pid: number) => void) {
    this.spec = spec;
    this.onStarted = onStarted;
    this.write = write;
    this.feed = prefixLines(spec.name, index, write);
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts the child and keeps it started until {@link stop}. */
  start(): void {
    const { spec } = this;
    const startedAt = Date.now();
    const loader = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href;
    const preload = pathToFileURL(join(ROOT, 'scripts/supervisor/die-with-parent.mjs')).href;
    const args = spec.watch
      ? [join(ROOT, 'node_modules/tsx/dist/cli.mjs'), 'watch', '--clear-screen=false', spec.entry, ...(spec.args ?? [])]
      : ['--import', preload, '--import', loader, spec.entry, ...(spec.args ?? [])];
    // Its own process group: Ctrl-C reaches only the supervisor, which stops the children in order.
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: spec.env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: process.platform !== 'win32',
    });
    this.child = child;
    if (child.pid) this.onStarted(child.pid);
    child.stdout?.setEncoding('utf8').on('data', this.feed);
    child.stderr?.setEncoding('utf8').on('data', this.feed);
    child.once('error', (error) => this.write(`${spec.name}: could not be started: ${error.message}\n`));
    child.once('exit', (code, signal) => this.onExit(code, signal, Date.now() - startedAt));
  }

  private onExit(code: number | null, signal: NodeJS.Signals | null, livedMs: number): void {
    this.child = null;
    if (this.stopping) return;
    this.failures = livedMs > STABLE_MS ? 0 : this.failures + 1;
    const wait = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length) - 1] ?? BACKOFF_MS[0]!;
    this.write(
      `${this.spec.name} ended (${signal ?? `exit code ${code}`}); starting it again in ${wait / 1000} s. What was saved is safe.\n`,
    );
    this.timer = setTimeout(() => this.start(), wait);
  }

  /** Asks the child to end and waits for it; after the time allowed it is killed. */
  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const killer = setTimeout(() => {
      this.write(`${this.spec.name} did not stop in time and was killed.\n`);
      child.kill('SIGKILL');
    }, this.spec.stopWithinMs ?? 10_000);
    await ended;
    clearTimeout(killer);
  }
}
