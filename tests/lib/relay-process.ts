import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '@markco/testing/relay-harness';

const MAIN = fileURLToPath(new URL('../../packages/sync/src/main.ts', import.meta.url));

/** The key the relays of tests check tickets with. */
export const RELAY_SECRET = 'a secret that is long enough for tests';

export interface RelayProcessOptions {
  readonly databaseUrl: string;
  /** Fixed, so that clients find the next process; see `freePort`. */
  readonly port: number;
  readonly env?: Record<string, string>;
  /** Runs the process under another program, which executes it (`prlimit`). */
  readonly under?: readonly string[];
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real sidecar process (`packages/sync/src/main.ts` under tsx). */
export class RelayProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #log = '';

  /** Spawns it; {@link ready} tells when it takes connections. */
  constructor({ databaseUrl, port, env = {}, under = [] }: RelayProcessOptions) {
    this.port = port;
    const [command, ...args] = [...under, process.execPath, '--import', 'tsx', MAIN];
    this.#child = spawn(command!, args, {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: databaseUrl,
        MARKCO_SECRET: RELAY_SECRET,
        SYNC_RELAY_PORT: String(port),
        LOG_LEVEL: 'warn',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => ({ code, signal }));
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk) => {
        this.#log = (this.#log + chunk).slice(-100_000);
      });
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The newest of what it wrote. */
  get log(): string {
    return this.#log;
  }

  /** Resolves when it answers that it is ready; rejects where it ends before. */
  async ready(): Promise<this> {
    let ready = false;
    const look = async () => {
      const answer = fetch(`http://127.0.0.1:${this.port}/readyz`, { signal: AbortSignal.timeout(30_000) });
      ready = await answer.then(
        (response) => response.ok,
        () => false,
      );
    };
    await until(() => ready || !this.isAlive, 120_000, 'the relay to be ready', look);
    if (!ready) throw new Error(`The relay ended before it was ready:\n${this.#log}`);
    return this;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and resolves when the process is gone, with how, and how long it took (ms). */
  async end(signal: NodeJS.Signals): Promise<Ended & { ms: number }> {
    const started = performance.now();
    this.#child.kill(signal);
    return { ...(await this.#ended), ms: performance.now() - started };
  }

  /** Resolves when it is gone. */
  get ended(): Promise<Ended> {
    return this.#ended;
  }
}
