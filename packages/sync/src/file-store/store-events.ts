import type { UnusableFile } from './text-file.ts';

/** What a file store tells of itself, besides the updates of `onExternalUpdate`. */
export type StoreEvent =
  /** Someone opened it, or it was edited: it should have a connection now (FB3). */
  | { kind: 'loaded' | 'appended'; documentId: string }
  /** Edited outside (FB5); `before`: what the document said, where that is known. `merged` false: the server's state has to be adopted before the edit can be merged. */
  | { kind: 'outside'; documentId: string; merged: boolean; before: string | null }
  | { kind: 'missing'; documentId: string }
  | { kind: 'projected'; documentId: string; recreated: boolean }
  | { kind: 'unusable'; documentId: string; status: UnusableFile['status'] }
  | { kind: 'problem'; documentId: string; message: string }
  /** Documents something happened to, also ones the store has no state of; `files` null: anything may have changed. */
  | { kind: 'files'; dir: string; files: string[] | null };

export class Listeners<A extends unknown[]> {
  readonly #all = new Set<(...args: A) => void>();

  add(listener: (...args: A) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  emit(...args: A): void {
    for (const listener of [...this.#all]) listener(...args);
  }
}
