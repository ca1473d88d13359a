import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { silentLog } from '@markco/sync/log';
import { type Access, type Authorizer, UpgradeRefused } from '@markco/sync/relay/authorize';
import type { RelayLimits } from '@markco/sync/relay/limits';
import { Relay, type RelayOptions } from '@markco/sync/relay/relay';
import type { DocumentRef, DocumentStore } from '@markco/sync/store/document-store';
import { MemoryStore } from '@markco/sync/store/memory-store';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

/** A ref for tests; give the parts that matter. */
export function documentRef(parts: Partial<DocumentRef> = {}): DocumentRef {
  return { documentId: randomUUID(), userId: randomUUID(), projectId: randomUUID(), project: 'notes', path: 'index.md', ...parts };
}

/** Lets everyone in who names a registered document; `?mode=read` makes a reader, `?as=` another person. */
export class OpenAuthorizer implements Authorizer {
  readonly #refs = new Map<string, DocumentRef>();
  /** What the next rechecks answer. */
  verdict: Awaited<ReturnType<Authorizer['recheck']>> = { ok: true };
  rechecks = 0;

  register(ref: DocumentRef): void {
    this.#refs.set(key(ref.userId, ref.project, ref.path), ref);
  }

  async authorize(request: IncomingMessage, address: { userId: string; project: string; docPath: string }): Promise<Access> {
    const ref = this.#refs.get(key(address.userId, address.project, address.docPath));
    if (!ref) throw new UpgradeRefused(404, 'The document was not found.');
    const query = new URL(request.url ?? '/', 'http://relay').searchParams;
    const token = query.get('token');
    if (token === 'bad') throw new UpgradeRefused(401, 'The ticket has expired.');
    const mode = query.get('mode') === 'read' ? 'read' : 'write';
    return {
      ref,
      userId: query.get('as') ?? ref.userId,
      userName: query.get('name'),
      mode,
      sid: query.get('sid'),
      expiresAt: Date.now() + 300_000,
    };
  }

  async recheck(): Promise<{ ok: true } | { ok: false; code: number; reason: string }> {
    this.rechecks++;
    return this.verdict;
  }
}

export interface RelayHarness {
  readonly relay: Relay;
  readonly store: DocumentStore;
  readonly authorizer: OpenAuthorizer;
  readonly port: number;
  /** The raw connections, to cut them. */
  readonly sockets: ReadonlySet<Duplex>;
  /** `ws://…/sync/<user>/<project>`, for y-websocket. */
  serverUrl(ref: DocumentRef): string;
  /** The full address of a document. */
  documentUrl(ref: DocumentRef, query?: Record<string, string>): string;
  /** Ends the HTTP server and the relay; the store stays the caller's. */
  stop(): Promise<void>;
}

/** Starts a relay on a free port of 127.0.0.1 over any store. */
export async function startRelay(
  options: { store?: DocumentStore; limits?: Partial<RelayLimits>; port?: number } & Partial<
    Pick<RelayOptions, 'bus' | 'log' | 'nodes'>
  > = {},
): Promise<RelayHarness> {
  const store = options.store ?? new MemoryStore();
  const authorizer = new OpenAuthorizer();
  const relay = new Relay({
    store,
    authorizer,
    log: options.log ?? silentLog,
    ...(options.bus ? { bus: options.bus } : {}),
    ...(options.nodes ? { nodes: options.nodes } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
  });
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    relay.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const serverUrl = (ref: DocumentRef) => `ws://127.0.0.1:${port}/sync/${ref.userId}/${encodeURIComponent(ref.project)}`;
  return {
    relay,
    store,
    authorizer,
    port,
    sockets,
    serverUrl,
    documentUrl: (ref, query) =>
      `${serverUrl(ref)}/${ref.path.split('/').map(encodeURIComponent).join('/')}${query ? `?${new URLSearchParams(query)}` : ''}`,
    stop: async () => {
      await relay.close({ deadlineMs: 10_000 });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A memory store with one empty document in it, served. */
export async function startRelayWithDocument(
  options: { limits?: Partial<RelayLimits>; text?: string } = {},
): Promise<RelayHarness & { ref: DocumentRef; store: MemoryStore }> {
  const store = new MemoryStore();
  const ref = documentRef();
  store.create(ref, options.text ? [updateOf(options.text)] : []);
  const harness = await startRelay({ ...options, store });
  harness.authorizer.register(ref);
  return { ...harness, store, ref };
}

/** A Yjs update that writes `text` into an empty document. */
export function updateOf(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

/** A stock y-websocket client of a document. */
export function stockClient(
  harness: RelayHarness,
  ref: DocumentRef,
  params: Record<string, string> = {},
): { doc: Y.Doc; provider: WebsocketProvider } {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(harness.serverUrl(ref), ref.path.split('/').map(encodeURIComponent).join('/'), doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    params,
    disableBc: true,
  });
  return { doc, provider };
}

/**
 * Stops the timer of an awareness, which forgets others of whom it hears nothing for 30 s and says every 15 s that it is here, or of a stock
 * client, which connects anew when it hears nothing for 30 s. What comes or goes then does so by a message, however long a test waits.
 */
export function withoutOwnClock<Timed extends object>(timed: Timed): Timed {
  clearInterval((timed as { _checkInterval?: NodeJS.Timeout })._checkInterval);
  return timed;
}

/** The same of a stock client with its awareness. */
export function withoutOwnClocks({ provider }: { provider: WebsocketProvider }): void {
  for (const timed of [provider, provider.awareness]) withoutOwnClock(timed);
}

/** Resolves when the condition holds, looking again every few ms, after `look` where given. Rejects after `ms`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  ms = 120_000,
  what = 'the condition',
  look?: () => Promise<void>,
): Promise<void> {
  const deadline = Date.now() + ms;
  for (let isLast = false; !(await condition()); ) {
    if (isLast) throw new Error(`Waited ${ms} ms for ${what}.`);
    // A process that was stopped for longer than the wait looks once more.
    isLast = Date.now() > deadline;
    await look?.();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Resolves when all documents hold the same text and state. */
export async function converged(docs: readonly Y.Doc[], ms = 120_000): Promise<string> {
  const text = (doc: Y.Doc) => doc.getText('content').toString();
  const state = (doc: Y.Doc) => Buffer.from(Y.encodeStateVector(doc)).toString('hex');
  const first = docs[0]!;
  await until(
    () => docs.every((doc) => text(doc) === text(first) && sameClocks(state(doc), state(first))),
    ms,
    'the documents to converge',
  );
  return text(first);
}

/** Everything a store holds of a document, rebuilt. */
export async function storedText(store: DocumentStore, documentId: string): Promise<string | null> {
  const loaded = await store.load(documentId);
  if (!loaded) return null;
  const doc = new Y.Doc();
  if (loaded.snapshot) Y.applyUpdateV2(doc, loaded.snapshot);
  for (const update of loaded.updates) Y.applyUpdate(doc, update);
  return doc.getText('content').toString();
}

function sameClocks(a: string, b: string): boolean {
  const clocks = (hex: string) => JSON.stringify([...Y.decodeStateVector(Buffer.from(hex, 'hex'))].sort(([x], [y]) => x - y));
  return clocks(a) === clocks(b);
}

const key = (userId: string, project: string, path: string): string => `${userId}/${project}/${path}`;
