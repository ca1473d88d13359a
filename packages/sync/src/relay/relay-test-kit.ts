import {
  documentRef,
  type RelayHarness,
  startRelay,
  startRelayWithDocument,
  stockClient,
  until,
  updateOf,
} from '@markco/testing/relay-harness';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';
import type { WebsocketProvider } from 'y-websocket';
import type { DocumentRef, DocumentVersions, UpdateBatch } from '../store/document-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { writeStep1 } from '../wire/write-frame.ts';

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Runs `close` after the test, the newest first. */
export const cleanUp = (close: () => unknown): void => void open.push(close);

type Harness = RelayHarness & { ref: DocumentRef; store: MemoryStore };

/** A relay with one document in memory. */
export async function start(options: Parameters<typeof startRelayWithDocument>[0] = {}): Promise<Harness> {
  const harness = await startRelayWithDocument(options);
  cleanUp(() => harness.stop());
  return harness;
}

/** A relay over a store whose appends can be held back or refused. */
export async function startHeld(text = '') {
  const store = new HeldMemoryStore();
  const ref = documentRef();
  store.create(ref, text ? [updateOf(text)] : []);
  const harness = await startRelay({ store, limits: { retryMinMs: 2, retryMaxMs: 5, unloadAfterMs: 5 } });
  cleanUp(() => harness.stop());
  cleanUp(() => store.release());
  harness.authorizer.register(ref);
  return { ...harness, store, ref };
}

/** A memory store whose appends the test holds back or refuses. */
export class HeldMemoryStore extends MemoryStore {
  #gate: Promise<void> | null = null;
  #open: () => void = () => {};
  refusing = false;
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }
  release(): void {
    this.refusing = false;
    this.#open();
    this.#gate = null;
  }
  override async append(batches: readonly UpdateBatch[]): Promise<DocumentVersions> {
    if (this.#gate) await this.#gate;
    if (this.refusing) throw new Error('the database is away');
    return super.append(batches);
  }
}

/** A stock y-websocket client of the document. */
export function stock(harness: RelayHarness & { ref: DocumentRef }, params: Record<string, string> = {}) {
  const client = stockClient(harness, harness.ref, params);
  cleanUp(() => client.provider.destroy());
  return client;
}

/** Resolves when a stock client has the document. */
export const synced = (provider: WebsocketProvider) => until(() => provider.synced, 120_000, 'the client to be synced');

/** A bare socket: what came in, and how it was closed. */
export async function raw(harness: RelayHarness & { ref: DocumentRef }, query: Record<string, string> = {}) {
  const socket = new WebSocket(harness.documentUrl(harness.ref, query));
  cleanUp(() => socket.terminate());
  const frames: Uint8Array[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  );
  socket.on('message', (data: Buffer) => frames.push(new Uint8Array(data)));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return { socket, frames, closed };
}

/** A writer that has introduced itself. */
export async function writer(harness: RelayHarness & { ref: DocumentRef }, query: Record<string, string> = {}) {
  const client = await raw(harness, query);
  client.socket.send(writeStep1(Uint8Array.of(0)));
  return client;
}

/** Whether exactly this frame is among those that came in. */
export const has = (frames: readonly Uint8Array[], frame: Uint8Array): boolean =>
  frames.some((other) => Buffer.compare(other, frame) === 0);

/** The HTTP status an upgrade is answered with; 101 where it is let in. */
export async function refusal(url: string): Promise<number> {
  const socket = new WebSocket(url);
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(101));
  });
}
