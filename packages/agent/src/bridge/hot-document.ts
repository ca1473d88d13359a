import { setTimeout as delay } from 'node:timers/promises';
import { connectDocument } from '@markco/sync/client/connect-document';
import type { DocumentConnection, Ticket } from '@markco/sync/client/document-connection';
import type { RoomHandle } from '@markco/sync/relay/room-handle';
import { WebSocket } from 'ws';

/** What a hot document needs of the bridge. */
export interface HotHost {
  open(documentId: string): Promise<RoomHandle>;
  /** The epoch the folder's state has now, null where the document is gone. */
  epochOf(documentId: string): string | null;
  /** Fetches and adopts the server's history where this device has another (FB4). */
  ensureServerHistory(documentId: string, force: boolean): Promise<void>;
  ticket(documentId: string): Promise<Ticket>;
  markAgreed(documentId: string, text: string): Promise<boolean>;
  onGone(documentId: string): void;
  onChange(documentId: string): void;
  onProblem(documentId: string, error: unknown): void;
}

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 15_000;
const OPEN_TRIES = 40;

/**
 * FB3, FB8: one document while it has a connection. Everything passes the local relay's room: what comes from the server is durable here
 * before it counts as synced, and what is sent was durable before.
 */
export class HotDocument {
  readonly documentId: string;
  readonly #host: HotHost;
  readonly #abort = new AbortController();
  #handle: RoomHandle | null = null;
  #connection: DocumentConnection | null = null;
  #running: Promise<void>;
  #settledText: string | null = null;
  lastActive = Date.now();

  constructor(documentId: string, host: HotHost) {
    this.documentId = documentId;
    this.#host = host;
    this.#running = this.#run(false);
  }

  /** True where both sides have all of each other's edits, durably. */
  get settled(): boolean {
    return this.#settledText !== null;
  }

  get online(): boolean {
    return this.#connection?.status.connection === 'connected';
  }

  /** Someone's cursor is in it, here or elsewhere: it should stay. */
  get attended(): boolean {
    return (this.#handle?.awareness.getStates().size ?? 0) > 0;
  }

  touch(): void {
    this.lastActive = Date.now();
  }

  reconnect(): void {
    this.#connection?.reconnect();
  }

  /** Resolves when nothing of it runs any more. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('The connection is not needed any more.'));
    this.#drop();
    await this.#running.catch(() => undefined);
    this.#drop();
  }

  async #run(force: boolean): Promise<void> {
    let wait = RETRY_MIN_MS;
    let must = force;
    while (!this.#abort.signal.aborted) {
      try {
        await this.#host.ensureServerHistory(this.documentId, must);
        must = false;
        await this.#join();
        return;
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        this.#host.onProblem(this.documentId, error);
        await delay(wait * (0.5 + Math.random() / 2), undefined, { signal: this.#abort.signal }).catch(() => undefined);
        wait = Math.min(RETRY_MAX_MS, wait * 2);
      }
    }
  }

  async #join(): Promise<void> {
    const handle = await this.#openCurrent();
    if (this.#abort.signal.aborted) return handle.release();
    this.#handle = handle;
    handle.onClosed(() => this.#restart(false));
    handle.doc.on('update', () => {
      this.touch();
      this.#settledText = null;
      this.#host.onChange(this.documentId);
      void this.#look();
    });
    const connection = connectDocument({
      doc: handle.doc,
      awareness: handle.awareness,
      epoch: handle.epoch,
      getTicket: () => this.#host.ticket(this.documentId),
      onHistoryDiffers: () => this.#restart(true),
      onGone: () => this.#host.onGone(this.documentId),
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    });
    this.#connection = connection;
    connection.subscribe(() => {
      this.#host.onChange(this.documentId);
      void this.#look();
    });
  }

  /** The room of the history the folder has now: an earlier one may still be closing. */
  async #openCurrent(): Promise<RoomHandle> {
    for (let tries = 0; tries < OPEN_TRIES; tries++) {
      const handle = await this.#host.open(this.documentId);
      if (handle.epoch === this.#host.epochOf(this.documentId)) return handle;
      handle.release();
      await delay(25, undefined, { signal: this.#abort.signal });
    }
    throw new Error('The document is still open with an earlier history. It is tried again.');
  }

  #restart(force: boolean): void {
    if (this.#abort.signal.aborted) return;
    this.#drop();
    this.#running = this.#running.then(() => this.#run(force));
  }

  #drop(): void {
    const handle = this.#handle;
    const connection = this.#connection;
    this.#handle = null;
    this.#connection = null;
    this.#settledText = null;
    connection?.close();
    handle?.release();
  }

  /** Notes that both sides are the same, once they are. */
  async #look(): Promise<void> {
    const handle = this.#handle;
    const status = this.#connection?.status;
    if (!handle || !status?.synced || status.unsaved > 0) {
      this.#settledText = null;
      return;
    }
    if (this.#settledText !== null) return;
    const text = handle.doc.getText('content').toString();
    try {
      await handle.flushed();
      if (this.#handle !== handle || handle.doc.getText('content').toString() !== text) return;
      if (!(await this.#host.markAgreed(this.documentId, text))) return;
    } catch {
      // The room was closed: another look comes with the next one.
      return;
    }
    if (this.#handle !== handle || this.#connection?.status.unsaved !== 0) return;
    this.#settledText = text;
    this.#host.onChange(this.documentId);
  }

  /** Looks again, after the file was written. */
  recheck(): void {
    void this.#look();
  }
}
