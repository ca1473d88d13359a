import { randomUUID } from 'node:crypto';
import type { OfferedRun, RegisterMessage, ServerMessage } from '@markco/core/device/agent-message';
import type { CapabilitySnapshot } from '@markco/core/device/device';
import type { Log } from '@markco/sync/log';
import { Connection, type ConnectionOptions, type ConnectionState } from '../connection/connection.ts';
import type { Identity } from '../connection/envelope.ts';
import { Journal } from '../journal/journal.ts';
import { reason } from '../log.ts';
import { Outbox } from './outbox.ts';
import { RunManager } from './run-manager.ts';
import type { RuntimePool } from './runtime-pool.ts';

export interface RunHostOptions {
  server: string;
  identity: Identity;
  about: Pick<RegisterMessage, 'name' | 'kind' | 'platform' | 'version'>;
  journalDir: string;
  pool: RuntimePool;
  token: () => Promise<string>;
  onRefusedToken: (token: string) => void;
  allowRuns: () => boolean;
  projectIds: () => string[];
  /** Load, memory, battery, GPU: everything of the snapshot but the runtimes. */
  machine: () => Omit<CapabilitySnapshot, 'runtimes'>;
  waitForFiles: (offer: OfferedRun) => Promise<string | null>;
  onState: (state: ConnectionState) => void;
  /** DEVICE_LIST and DOC_CHANGED: what is not about runs. */
  onMessage: (message: Exclude<ServerMessage, { type: 'MRP_REQUEST' | 'WELCOME' }>) => void;
  onActivity?: (running: number) => void;
  log: Log;
  maxRunning?: number;
  busyPollMs?: number;
  retryMs?: number;
  connection?: Pick<ConnectionOptions, 'delay' | 'replyWithinMs' | 'welcomeWithinMs' | 'WebSocket'>;
}

/** What a device and a worker share: the connection, the journal, the outbox and the runs, wired once. */
export class RunHost {
  readonly connection: Connection;
  readonly journal: Journal;
  readonly runs: RunManager;
  readonly #outbox: Outbox;
  readonly #pool: RuntimePool;
  readonly #o: RunHostOptions;

  constructor(options: RunHostOptions) {
    this.#o = options;
    this.#pool = options.pool;
    this.journal = new Journal(options.journalDir);
    const bootId = randomUUID();
    this.connection = new Connection({
      ...options.connection,
      server: options.server,
      identity: options.identity,
      bootId,
      about: options.about,
      token: options.token,
      onRefusedToken: options.onRefusedToken,
      log: options.log,
      snapshot: () => ({
        allowRuns: options.allowRuns(),
        projectIds: options.projectIds(),
        capabilities: { ...options.machine(), runtimes: options.pool.runtimes() },
      }),
      resume: () => this.runs.resume(),
      onResumed: (reply) => {
        this.runs.resumed(reply);
        this.#outbox.resumed(reply);
      },
      onState: (state) => {
        if (state !== 'online') this.#outbox.pause();
        options.onState(state);
      },
      onMessage: (message) => this.#take(message),
    });
    this.#outbox = new Outbox({
      journal: this.journal,
      log: options.log,
      uplink: { send: (message) => this.connection.send(message), putAsset: async (input) => this.connection.socket.putAsset(input) },
      ...(options.retryMs && { retryMs: options.retryMs }),
    });
    this.runs = new RunManager({
      journal: this.journal,
      pool: options.pool,
      send: (message) => this.connection.send(message),
      allowRuns: options.allowRuns,
      waitForFiles: options.waitForFiles,
      log: options.log,
      ...(options.maxRunning && { maxRunning: options.maxRunning }),
      ...(options.busyPollMs && { busyPollMs: options.busyPollMs }),
      ...(options.onActivity && { onActivity: options.onActivity }),
    });
  }

  start(): void {
    this.connection.start();
  }

  /** RUNTIME_UP and RUNTIME_DOWN, at once rather than with the next heartbeat. */
  announce(message: Parameters<Connection['send']>[0]): void {
    void this.connection.send(message).catch(() => undefined);
  }

  /** OP4: takes no more runs, ends what runs (as interrupted), sends what is still to be sent and says goodbye. */
  async stop(why: 'quit' | 'sign_out' | 'sleep' = 'quit'): Promise<void> {
    await this.runs.stop();
    await this.#pool.closeAll().catch((error: unknown) => this.#o.log.warn({ reason: reason(error) }, 'a runtime did not stop'));
    await this.#outbox.flushed(2_000);
    await this.connection.stop(why);
    this.#outbox.stop();
    this.journal.close();
  }

  #take(message: ServerMessage): void {
    if (message.type === 'WELCOME') return;
    if (message.type !== 'MRP_REQUEST') this.#o.onMessage(message);
    else if (message.kind === 'ack') this.#outbox.acked(message.runId, message.seq);
    else this.runs.handle(message);
  }
}
