import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Why something went wrong, as a label (OP2): a closed list, never user-made text. */
export type SyncErrorReason =
  | 'append'
  | 'append_timeout'
  | 'load'
  | 'content'
  | 'compact'
  | 'apply'
  | 'bad_frame'
  | 'history'
  | 'queue_full'
  | 'too_large'
  | 'read_only'
  | 'foreign_client'
  | 'slow_reader'
  | 'awareness_limit'
  | 'recheck'
  | 'gone'
  | 'bus';

const MS_BUCKETS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000, 5000];

/** OP2: what the relay measures. One an instance; give it the process's registry. */
export class RelayMetrics {
  readonly registry: Registry;
  readonly connections: Gauge;
  readonly documents: Gauge;
  readonly pendingBytes: Gauge;
  readonly persistMs: Histogram;
  readonly loadMs: Histogram;
  readonly updates: Counter;
  readonly #errors: Counter<'reason'>;
  readonly #refusals: Counter<'status'>;
  readonly #wsErrors: Counter;

  constructor(registry = new Registry()) {
    const registers = [registry];
    this.registry = registry;
    this.connections = new Gauge({ name: 'sync_connections', help: 'Open relay sockets', registers });
    this.documents = new Gauge({ name: 'sync_documents', help: 'Documents in memory', registers });
    this.pendingBytes = new Gauge({ name: 'sync_pending_bytes', help: 'Bytes of updates not yet durable', registers });
    this.persistMs = new Histogram({ name: 'sync_persist_ms', help: 'Group commit duration', buckets: MS_BUCKETS, registers });
    this.loadMs = new Histogram({ name: 'sync_load_ms', help: 'Document load duration', buckets: MS_BUCKETS, registers });
    this.updates = new Counter({ name: 'sync_updates_total', help: 'Updates made durable', registers });
    this.#errors = new Counter({ name: 'sync_errors_total', help: 'Errors by reason', labelNames: ['reason'], registers });
    this.#refusals = new Counter({ name: 'sync_refused_total', help: 'Upgrades refused by status', labelNames: ['status'], registers });
    this.#wsErrors = new Counter({ name: 'ws_errors_total', help: 'WebSocket errors', registers });
  }

  /** Counts one error. */
  error(reason: SyncErrorReason): void {
    this.#errors.inc({ reason });
  }

  /** Counts one refused upgrade. */
  refused(status: number): void {
    this.#refusals.inc({ status: String(status) });
  }

  /** Counts one socket that failed below the protocol. */
  socketError(): void {
    this.#wsErrors.inc();
  }
}
