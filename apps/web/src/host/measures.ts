import type { CacheState } from '@markco/editor/host';

/** WB9: one thing measured in this page; never what document it was. */
export type Measure =
  | { name: 'doc_open_ttfc_ms' | 'doc_switch_ttfc_ms'; ms: number; cache: CacheState }
  | { name: 'doc_sync_rtt_ms'; ms: number };

const EVERY_MS = 15_000;
const MOST = 50;
const LONGEST_MS = 600_000;

/** What {@link Measures} needs of the browser. */
export interface MeasuresPlace {
  /** Hands a batch over; false where the browser would not take it. */
  send(batch: readonly Measure[]): boolean;
  /** Calls back when the page may be gone soon. Returns the stop function. */
  onLeaving(listener: () => void): () => void;
}

/** Collects measures and reports them in batches: every 15 s, and when the page is left. At most 50 a batch; more are dropped. */
export class Measures {
  readonly #place: MeasuresPlace;
  readonly #stopLeaving: () => void;
  #batch: Measure[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(place: MeasuresPlace) {
    this.#place = place;
    this.#stopLeaving = place.onLeaving(() => this.flush());
  }

  /** Clocks that jumped (sleep) measure nothing. */
  add(measure: Measure): void {
    const { ms } = measure;
    if (!Number.isFinite(ms) || ms < 0 || ms > LONGEST_MS || this.#batch.length >= MOST) return;
    this.#batch.push({ ...measure, ms: Math.round(ms * 10) / 10 });
    this.#timer ??= setTimeout(() => this.flush(), EVERY_MS);
  }

  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#batch;
    this.#batch = [];
    if (batch.length > 0) this.#place.send(batch);
  }

  close(): void {
    this.flush();
    this.#stopLeaving();
  }
}

/** Reports with the session's cookie, also while the page goes away. */
export function browserPlace(origin: string): MeasuresPlace {
  return {
    send: (batch) =>
      navigator.sendBeacon?.(`${origin}/api/metrics/browser`, new Blob([JSON.stringify(batch)], { type: 'application/json' })) ?? false,
    onLeaving: (listener) => {
      const onHidden = () => document.visibilityState === 'hidden' && listener();
      document.addEventListener('visibilitychange', onHidden);
      window.addEventListener('pagehide', listener);
      return () => {
        document.removeEventListener('visibilitychange', onHidden);
        window.removeEventListener('pagehide', listener);
      };
    },
  };
}
