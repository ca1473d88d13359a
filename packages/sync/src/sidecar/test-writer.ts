import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { connectDocument } from '../client/connect-document.ts';
import type { DocumentConnection } from '../client/document-connection.ts';
import { LocalCopy } from '../client/local-copy/local-copy.ts';
import { MemoryRows } from '../client/local-copy/memory-rows.ts';
import { isFromRelay } from '../client/session.ts';
import { streamOf } from '../relay/stream-of.ts';
import type { DocumentRef } from '../store/document-store.ts';
import type { Books, DrawnEdit } from './test-books.ts';
import type { TestServer } from './test-server.ts';

const QUICK = { retryMinMs: 2, retryMaxMs: 30, laterMs: 5, goingAwayMs: 20, confirmMs: 100 };

export interface WriterOptions {
  readonly ref: DocumentRef;
  readonly epoch: string;
  readonly books: Books;
  /** The relay as the network knows it; null while there is none. */
  readonly server: () => TestServer | null;
}

/** For tests: a person's browser with the document open, which keeps what it is told, and loses its network or its page now and then. */
export class Writer {
  /** What this client was shown by a relay, or told is saved: none of it may ever be lost. */
  readonly promised = new Y.Doc();
  /** What must never happen: refused, gone, another history. */
  readonly troubles: string[] = [];
  doc!: Y.Doc;
  online = true;
  readonly #options: WriterOptions;
  readonly #rows = new MemoryRows();
  readonly #sockets = new Map<WebSocket, TestServer | null>();
  #copy!: LocalCopy;
  #connection!: DocumentConnection;
  /** Own edits in order, by number; none of them was told as saved. */
  #own: { number: number; update: Uint8Array }[] = [];
  #hasTicket = false;
  #cutNext = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  get text(): string {
    return this.doc.getText('content').toString();
  }

  /** What a person is shown: everything is safe. */
  get isSaved(): boolean {
    const { synced, unsaved } = this.#connection.status;
    return synced && unsaved === 0;
  }

  /** The page is opened: first what is kept here, then the relay. */
  async open(): Promise<void> {
    this.doc = new Y.Doc();
    this.#copy = new LocalCopy(this.doc);
    await this.#copy.attach({ rows: this.#rows, lasting: true, joinTabs: () => null });
    if (this.#copy.edits.made !== this.#own.length) this.troubles.push('not every unsaved edit survived the reload');
    this.doc.on('update', this.#onUpdate);
    this.#connection = this.#connect();
    this.#connection.subscribe((status) => {
      if (status.connection === 'refused') this.troubles.push(`refused: ${status.problem}`);
      this.#noteSaved();
    });
  }

  /** The page is closed and opened again; the network stays as it is. */
  async reload(): Promise<void> {
    await this.close();
    // What is found again is numbered anew.
    this.#own = this.#own.map(({ update }, i) => ({ number: i + 1, update }));
    await this.open();
  }

  async close(): Promise<void> {
    this.#connection.close();
    this.#noteSaved();
    this.#copy.acknowledged();
    await this.#copy.close();
    this.doc.destroy();
  }

  edit(drawn: DrawnEdit): void {
    const text = this.doc.getText('content');
    const { at, remove, insert } = this.#options.books.draw(text.toString(), drawn);
    this.doc.transact(() => {
      if (remove > 0) text.delete(at, remove);
      if (insert) text.insert(at, insert);
    });
  }

  goOffline(): void {
    this.online = false;
    for (const socket of this.#sockets.keys()) socket.terminate();
  }

  goOnline(): void {
    this.online = true;
    this.#connection.reconnect();
  }

  /** The connection breaks on the relay's side, with what is on its way to here. */
  breakFromRelay(): void {
    for (const socket of this.#sockets.keys()) this.#options.server()?.drop(streamOf(socket)?.localPort ?? 0);
  }

  /** The connection breaks in the middle of the next frame it sends. */
  breakNextFrame(): void {
    this.#cutNext = true;
  }

  /** False once nothing of that relay can arrive any more. */
  hears(server: TestServer): boolean {
    return [...this.#sockets.values()].includes(server);
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (isFromRelay(origin)) {
      Y.applyUpdate(this.promised, update);
      return;
    }
    // The copy counted it just now, and may have counted what is no edit: what it held before it was connected.
    this.#own.push({ number: this.#copy.edits.made, update });
    Y.applyUpdate(this.#options.books.model, update);
  };

  #noteSaved(): void {
    const { saved } = this.#copy.edits;
    while (this.#own.length > 0 && this.#own[0]!.number <= saved) Y.applyUpdate(this.promised, this.#own.shift()!.update);
    this.#copy.acknowledged();
  }

  #connect(): DocumentConnection {
    const { ref, epoch, server } = this.#options;
    const { documentId } = ref;
    return connectDocument(
      {
        ...{ doc: this.doc, epoch: this.#hasTicket ? epoch : null, edits: this.#copy.edits },
        getTicket: async () => {
          const url = server()?.url;
          if (!this.online || !url) throw new Error('There is no network.');
          this.#hasTicket = true;
          return { url, token: 't', documentId, epoch, expiresAt: new Date(Date.now() + 3_600_000) };
        },
        onHistoryDiffers: () => this.troubles.push('the history differs'),
        onGone: () => this.troubles.push('the document is gone'),
        WebSocket: this.#socketClass() as typeof globalThis.WebSocket,
      },
      QUICK,
    );
  }

  /** Sockets of this browser: they find the relay where it is now, and break when told. */
  #socketClass(): unknown {
    const { server } = this.#options;
    const opened = (socket: WebSocket): void => {
      const at = this.online ? server() : null;
      this.#sockets.set(socket, at);
      socket.once('close', () => this.#sockets.delete(socket));
      if (!at) socket.terminate();
    };
    const broken = new WeakSet<WebSocket>();
    const isLost = (socket: WebSocket, data: Uint8Array): boolean => {
      if (!this.#cutNext || broken.has(socket)) return broken.has(socket);
      this.#cutNext = false;
      broken.add(socket);
      streamOf(socket)?.write(halfFrame(data), () => socket.terminate());
      return true;
    };
    return class extends WebSocket {
      constructor(address: string) {
        // The ticket may be of before a restart.
        super(server()?.url ? `${server()!.url}${new URL(address).search}` : address);
        opened(this);
      }
      override send(data: Uint8Array): void {
        if (!isLost(this, data)) super.send(data);
      }
    };
  }
}

/** A client's binary WebSocket frame of which only the first half was sent. The mask is zero, so that the payload is as it was. */
function halfFrame(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const size =
    length < 126 ? [0x80 | length] : [0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
  return Buffer.concat([Uint8Array.of(0x82, ...size, 0, 0, 0, 0), payload.subarray(0, length >> 1)]);
}
