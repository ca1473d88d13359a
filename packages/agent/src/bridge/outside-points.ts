import { stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@markco/core/errors';
import { gitIsBusy } from '@markco/sync/file-store/git-lock';
import type { Log } from '@markco/sync/log';
import { reason } from '../log.ts';
import type { BridgeApi } from './bridge-api.ts';
import { seedBatches } from './seed-batches.ts';

export interface OutsidePointsOptions {
  readonly root: string;
  readonly api: () => BridgeApi | null;
  /** The server's id of a document; null where it is not there. */
  readonly serverIdOf: (documentId: string) => string | null;
  readonly log: Log;
  /** A change is over when nothing more of it was seen for so long, ms. */
  readonly quietMs?: number;
}

const QUIET_MS = 500;
/** From so many documents on it is one change of the folder rather than somebody saving files. */
const BULK = 5;
/** How long before the first edit git may have been done, ms. */
const GIT_WINDOW_MS = 10_000;
/** What waits for the server, in UTF-16 units; the oldest goes. */
const MAX_WAITING = 32 * 1024 * 1024;

/**
 * FB5: one version point before files change in bulk, as by `git checkout`. The texts are what the documents said just before each outside
 * edit was merged, so it does not matter which of the two reaches the server first; without a network they wait in memory.
 */
export class OutsidePoints {
  readonly #options: OutsidePointsOptions;
  /** By document, what it was before this change. */
  #seen = new Map<string, string>();
  #since = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #waiting = new Map<string, string>();
  #sending: Promise<void> | null = null;
  #stopped = false;

  constructor(options: OutsidePointsOptions) {
    this.#options = options;
  }

  /** An outside edit of a document is in; `before`: what the document said. The first text of a change counts. */
  saw(documentId: string, before: string): void {
    if (this.#stopped) return;
    if (this.#seen.size === 0) this.#since = Date.now();
    if (!this.#seen.has(documentId)) this.#seen.set(documentId, before);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#settle(), this.#options.quietMs ?? QUIET_MS);
  }

  /** The server can be reached: tells it what waits. */
  retry(): void {
    if (this.#waiting.size === 0 || this.#sending || this.#stopped) return;
    this.#sending = this.#send().finally(() => {
      this.#sending = null;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#sending;
  }

  async #settle(): Promise<void> {
    this.#timer = null;
    if (gitIsBusy(this.#options.root)) {
      this.#timer = setTimeout(() => void this.#settle(), this.#options.quietMs ?? QUIET_MS);
      return;
    }
    const seen = this.#seen;
    const since = this.#since;
    this.#seen = new Map();
    if (seen.size < BULK && !(await this.#gitDidIt(since))) return;
    for (const [documentId, text] of seen) this.#hold(documentId, text);
    this.retry();
  }

  /** Git writes its index last. */
  async #gitDidIt(since: number): Promise<boolean> {
    const index = await stat(path.join(this.#options.root, '.git', 'index')).catch(() => null);
    return index !== null && index.mtimeMs >= since - GIT_WINDOW_MS;
  }

  #hold(documentId: string, text: string): void {
    // What waits is older, and what it was before all of it is what may be wanted back.
    if (!this.#waiting.has(documentId)) this.#waiting.set(documentId, text);
    let size = 0;
    for (const kept of this.#waiting.values()) size += kept.length;
    for (const [oldest, kept] of this.#waiting) {
      if (size <= MAX_WAITING) break;
      this.#waiting.delete(oldest);
      size -= kept.length;
    }
  }

  async #send(): Promise<void> {
    const items = [...this.#waiting].map(([documentId, text]) => ({ documentId, path: '', text }));
    for (const batch of seedBatches(items)) {
      const api = this.#options.api();
      if (!api || this.#stopped) return;
      try {
        await this.#keep(api, batch);
      } catch (error) {
        this.#options.log.warn({ reason: reason(error) }, 'Versions before a change of the folder are told to the server later.');
        return;
      }
      for (const { documentId } of batch) this.#waiting.delete(documentId);
    }
  }

  async #keep(api: BridgeApi, batch: readonly { documentId: string; text: string }[]): Promise<void> {
    const items = batch.flatMap(({ documentId, text }) => {
      const serverId = this.#options.serverIdOf(documentId);
      return serverId === null || text === '' ? [] : [{ documentId: serverId, text }];
    });
    if (items.length === 0) return;
    try {
      await api.keepVersions(items);
    } catch (error) {
      if (!isAnswer(error)) throw error;
      // One of them is gone or cannot be kept: the others alone.
      if (batch.length > 1) for (const item of batch) await this.#keep(api, [item]);
    }
  }
}

const isAnswer = (error: unknown): boolean =>
  error instanceof AppError && ['not_found', 'bad_request', 'too_large', 'conflict'].includes(error.code);
