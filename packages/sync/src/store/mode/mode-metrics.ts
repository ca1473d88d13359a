import { Counter, Gauge, type Registry } from 'prom-client';

/** OP2: what is measured of the second store (SY12). */
export class ModeMetrics {
  readonly #lag: Gauge | null;
  readonly #mismatches: Counter | null;
  /** For tests and logs: mismatches so far. */
  mismatches = 0;

  constructor(registry: Registry | null) {
    const registers = registry ? [registry] : [];
    this.#lag = registry && new Gauge({ name: 'sync_mirror_lag_ms', help: 'Age of the oldest update the second store lacks', registers });
    this.#mismatches =
      registry && new Counter({ name: 'sync_mirror_mismatch_total', help: 'Documents found different in the two stores', registers });
  }

  lag(ms: number): void {
    this.#lag?.set(ms);
  }

  mismatch(): void {
    this.mismatches++;
    this.#mismatches?.inc();
  }
}
