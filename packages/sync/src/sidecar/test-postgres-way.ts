import type { Appended, DocumentContent, DocumentStore, UpdateBatch } from '../store/document-store.ts';

interface Held {
  go(): void;
  fail(): void;
}

/** For tests: one process's way to Postgres. Appends can be held back, and it ends with the process; the store stays open. */
export class PostgresWay implements DocumentStore {
  readonly kind: string;
  readonly #store: DocumentStore;
  #holding = false;
  #cut = false;
  #held: Held[] = [];

  constructor(store: DocumentStore) {
    this.#store = store;
    this.kind = store.kind;
  }

  /** Appends wait from now on. */
  hold(): void {
    this.#holding = true;
  }

  release(): void {
    this.#holding = false;
    for (const { go } of this.#held.splice(0)) go();
  }

  /** The process is dead. `landed`: what was under way commits all the same, and nobody hears of it. */
  cut(landed: boolean): void {
    this.#cut = true;
    for (const held of this.#held.splice(0)) landed ? held.go() : held.fail();
  }

  load = (id: string) => this.#pass(() => this.#store.load(id));
  saveContent = (contents: readonly DocumentContent[]) => this.#pass(() => this.#store.saveContent(contents));
  compact = (id: string) => this.#pass(() => this.#store.compact(id));
  locate = (ids: readonly string[]) => this.#pass(() => this.#store.locate!(ids));
  ping = () => this.#pass(() => this.#store.ping());

  append(batches: readonly UpdateBatch[]): Promise<Appended> {
    if (!this.#holding || this.#cut) return this.#pass(() => this.#store.append(batches));
    return new Promise((resolve, reject) => {
      this.#held.push({ go: () => this.#store.append(batches).then(resolve, reject), fail: () => reject(away()) });
    });
  }

  async close(): Promise<void> {}

  #pass<T>(call: () => Promise<T>): Promise<T> {
    return this.#cut ? Promise.reject(away()) : call();
  }
}

const away = (): Error => new Error('The process is dead.');
