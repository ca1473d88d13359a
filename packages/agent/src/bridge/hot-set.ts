import { HotDocument, type HotHost } from './hot-document.ts';

export interface HotSetOptions {
  readonly max: number;
  /** How long a document nobody changes or looks at keeps its connection, ms. */
  readonly idleMs: number;
  readonly host: HotHost;
}

/** FB3: at most `max` documents have a connection: those that change or are open. The others wait their turn and cost nothing. */
export class HotSet {
  readonly #options: HotSetOptions;
  readonly #hot = new Map<string, HotDocument>();
  readonly #waiting = new Set<string>();
  readonly #closing = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #stopped = false;
  #filling = false;

  constructor(options: HotSetOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#closeIdle(), Math.max(20, Math.min(5_000, options.idleMs / 3)));
    this.#timer.unref();
  }

  get size(): number {
    return this.#hot.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get(documentId: string): HotDocument | null {
    return this.#hot.get(documentId) ?? null;
  }

  /** Gives the document a connection, now or when one is free. */
  want(documentId: string): void {
    if (this.#stopped) return;
    const hot = this.#hot.get(documentId);
    if (hot) hot.touch();
    else {
      this.#waiting.add(documentId);
      this.#fill();
    }
  }

  /** A document came to rest: its place may be another's. */
  changed(): void {
    if (this.#waiting.size > 0) this.#fill();
  }

  async drop(documentId: string): Promise<void> {
    this.#waiting.delete(documentId);
    const hot = this.#hot.get(documentId);
    this.#hot.delete(documentId);
    await hot?.close();
    this.#fill();
  }

  reconnect(): void {
    for (const hot of this.#hot.values()) hot.reconnect();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.clear();
  }

  /** Closes all of them. */
  async clear(): Promise<void> {
    this.#waiting.clear();
    const all = [...this.#hot.values()].map((hot) => hot.close());
    this.#hot.clear();
    await Promise.all([...all, ...this.#closing]);
  }

  #fill(): void {
    // Closing one tells its change, which comes back here.
    if (this.#filling) return;
    this.#filling = true;
    for (const documentId of [...this.#waiting]) {
      if (this.#stopped || (this.#hot.size >= this.#options.max && !this.#evict())) break;
      this.#waiting.delete(documentId);
      this.#hot.set(documentId, new HotDocument(documentId, this.#options.host));
    }
    this.#filling = false;
  }

  /** Closes the one that rests longest; false where all are at work. */
  #evict(): boolean {
    const resting = [...this.#hot.values()]
      .filter((hot) => hot.settled)
      .sort((a, b) => Number(a.attended) - Number(b.attended) || a.lastActive - b.lastActive);
    if (!resting[0]) return false;
    this.#close(resting[0]);
    return true;
  }

  #closeIdle(): void {
    const before = Date.now() - this.#options.idleMs;
    for (const hot of [...this.#hot.values()]) if (hot.settled && !hot.attended && hot.lastActive < before) this.#close(hot);
  }

  #close(hot: HotDocument): void {
    this.#hot.delete(hot.documentId);
    const closing = hot.close().catch(() => undefined);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}
