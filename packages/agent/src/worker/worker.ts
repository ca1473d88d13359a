import { hostname } from 'node:os';
import path from 'node:path';
import { AppError } from '@markco/core/errors';
import type { Log } from '@markco/sync/log';
import { prepareDataDir } from '../config/data-dir.ts';
import { type InstanceLock, takeInstanceLock } from '../config/instance-lock.ts';
import { reason } from '../log.ts';
import { AGENT_VERSION, Machine, platformName } from '../machine.ts';
import { RunHost } from '../runs/run-host.ts';
import type { SandboxDriver } from '../runtimes/sandbox/sandbox-driver.ts';
import { workerId } from './worker-id.ts';
import { WorkerPool } from './worker-pool.ts';

export interface WorkerOptions {
  server: string;
  /** The service credential (AG6). */
  token: string;
  dir?: string;
  driver: SandboxDriver;
  maxSandboxes?: number;
  idleMs?: number;
  log: Log;
  connection?: ConstructorParameters<typeof RunHost>[0]['connection'];
}

const TRY_REFUSED_AGAIN_MS = 30_000;

/** AG6: the agent that serves many people in sandboxes; no folders, no credentials of a person. */
export class Worker {
  readonly #o: WorkerOptions;
  #lock: InstanceLock | null = null;
  #host: RunHost | null = null;
  #pool: WorkerPool | null = null;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: WorkerOptions) {
    this.#o = options;
  }

  get state(): string {
    return this.#host?.connection.state ?? 'stopped';
  }

  get liveSandboxes(): number {
    return this.#pool?.live ?? 0;
  }

  async start(): Promise<void> {
    const { server, log, driver, maxSandboxes = 4, idleMs = 30 * 60_000 } = this.#o;
    const dir = await prepareDataDir(this.#o.dir);
    this.#lock = await takeInstanceLock(dir.lock);
    const deviceId = await workerId(path.join(dir.root, 'worker-id'));
    const machine = new Machine();
    const pool = new WorkerPool({ driver, maxSandboxes, idleMs, snapshot: (runId) => this.#snapshot(runId) });
    this.#pool = pool;
    this.#host = new RunHost({
      server,
      // Its messages are its own; whose work it does stands in each offer.
      identity: { userId: deviceId, deviceId },
      about: { name: `worker ${hostname()}`.slice(0, 100), kind: 'worker', platform: platformName(), version: AGENT_VERSION },
      journalDir: dir.journal,
      pool,
      token: () => this.#token(),
      onRefusedToken: () => this.#refused(),
      allowRuns: () => true,
      projectIds: () => [],
      machine: () => machine.snapshot(),
      waitForFiles: async () => null,
      onState: () => {},
      onMessage: () => {},
      maxRunning: maxSandboxes,
      log,
      ...(this.#o.connection && { connection: this.#o.connection }),
    });
    this.#host.start();
    driver
      .prepare()
      .catch((error: unknown) => log.warn({ reason: reason(error) }, 'the sandbox could not be prepared ahead; the first start is slower'));
  }

  /** OP4. */
  async stop(): Promise<void> {
    if (this.#retry) clearTimeout(this.#retry);
    await this.#host?.stop('quit');
    await this.#lock?.release();
    this.#host = null;
    this.#lock = null;
  }

  async #snapshot(runId: string): Promise<Record<string, string>> {
    const { files, truncated } = await this.#host!.connection.socket.projectSnapshot(runId);
    if (truncated) this.#o.log.warn({ run_id: runId }, 'the project is larger than a sandbox may hold; some documents are missing in it');
    return Object.fromEntries(files.map(({ path: name, text }) => [name, text]));
  }

  /** A service credential does not renew itself: a refused one may be allowed again by the operator. */
  async #token(): Promise<string> {
    if (performance.now() - this.#refusedAt < TRY_REFUSED_AGAIN_MS) throw new AppError('unauthenticated', 'The service token was refused.');
    return this.#o.token;
  }

  #refused(): void {
    this.#refusedAt = performance.now();
    this.#o.log.error(
      {},
      'the server refused MARKCO_WORKER_TOKEN; make a new one with "markco admin token create"; it is tried again every 30 s',
    );
    this.#retry = setTimeout(() => this.#host?.connection.reconnect(), TRY_REFUSED_AGAIN_MS + 100);
  }
}
