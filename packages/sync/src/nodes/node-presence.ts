import type { NodeTuning } from './node-tuning.ts';

/** Which other relay processes there are, by their signs of life (SY18). */
export class NodePresence {
  readonly #tuning: Pick<NodeTuning, 'silentMs' | 'worriedMs'>;
  readonly #onGone: (node: string) => void;
  readonly #heardAt = new Map<string, number>();
  readonly #gone = new Map<string, number>();
  #lookedAt = Date.now();

  constructor(tuning: Pick<NodeTuning, 'silentMs' | 'worriedMs'>, onGone: (node: string) => void) {
    this.#tuning = tuning;
    this.#onGone = onGone;
  }

  get others(): number {
    return this.#heardAt.size;
  }

  /** A process went silent lately: it may live and not reach us. */
  get worried(): boolean {
    return this.#gone.size > 0;
  }

  /** Anything came from it. True where it was taken to be gone: it knows nothing of that. */
  heard(node: string): boolean {
    this.#heardAt.set(node, Date.now());
    return this.#gone.delete(node);
  }

  /** It said goodbye: nothing of it is under way. */
  left(node: string): void {
    if (this.#heardAt.delete(node)) this.#onGone(node);
  }

  /** Notices who went silent. Call it every second or so. */
  look(): void {
    const { silentMs, worriedMs } = this.#tuning;
    const now = Date.now();
    const slept = now - this.#lookedAt > silentMs / 2;
    this.#lookedAt = now;
    // It was this process that did not listen.
    if (slept) return;
    for (const [node, at] of this.#gone) if (now - at > worriedMs) this.#gone.delete(node);
    for (const [node, at] of this.#heardAt) {
      if (now - at <= silentMs) continue;
      this.#heardAt.delete(node);
      this.#gone.set(node, now);
      this.#onGone(node);
    }
  }
}
