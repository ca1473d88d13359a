import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A process of the product (`entry` relative to the repository, under tsx) that a test starts, freezes, kills and starts again. */
export class NodeProcess {
  readonly #entry: string;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;
  #log = '';

  /** `env` is all it gets, with the PATH. Nothing runs before {@link start}. */
  constructor(entry: string, env: NodeJS.ProcessEnv, args: readonly string[] = []) {
    this.#entry = entry;
    this.#env = { PATH: process.env.PATH, HOME: process.env.HOME, ...env };
    this.#args = args;
  }

  get isAlive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** The newest of what it wrote, over all its lives. */
  get log(): string {
    return this.#log;
  }

  start(): void {
    if (this.isAlive) throw new Error(`${this.#entry} runs already.`);
    this.#child = spawn(process.execPath, ['--import', 'tsx', ROOT + this.#entry, ...this.#args], {
      cwd: ROOT,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk) => {
        this.#log = (this.#log + chunk).slice(-200_000);
      });
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends a signal and resolves when the process is gone; at once where it is not there. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isAlive) return;
    const gone = once(this.#child!, 'exit');
    this.signal(signal);
    // A stopped process takes no other signal than SIGKILL.
    if (signal !== 'SIGKILL') this.signal('SIGCONT');
    await gone;
  }
}
