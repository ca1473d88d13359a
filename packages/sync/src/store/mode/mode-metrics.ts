import { Counter, Gauge, type Registry } from 'prom-client';

/** OP2: what is measured of the second store (SY12). */
export class ModeMetrics {
  readonly #mismatches: Counter | null;
  readonly #sources: (() => { lagMs: number; documents: number })[] = [];
  /** For tests and logs: mismatches so far. */
  mismatches = 0;

  constructor(registry: Registry | null) {
    const registers = registry ? [registry] : [];
    this.#mismatches =
      registry && new Counter({ name: 'sync_mirror_mismatch_total', help: 'Documents found different in the two stores', registers });
    if (!registry) return;
    const all = () => this.#sources.map((read) => read());
    // Read when asked for: a store that hangs would otherwise leave the last value standing.
    new Gauge({
      name: 'sync_mirror_lag_ms',
      help: 'Age of the oldest update the second store lacks',
      registers,
      collect() {
        this.set(Math.max(0, ...all().map(({ lagMs }) => lagMs)));
      },
    });
    new Gauge({
      name: 'sync_mirror_waiting_documents',
      help: 'Documents with something the second store lacks',
      registers,
      collect() {
        this.set(all().reduce((sum, { documents }) => sum + documents, 0));
      },
    });
  }

  /** Adds something that may lag. */
  watch(read: () => { lagMs: number; documents: number }): void {
    this.#sources.push(read);
  }

  mismatch(): void {
    this.mismatches++;
    this.#mismatches?.inc();
  }
}
