import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { OpenAuthorizer } from '@markco/testing/relay-harness';
import type { Log } from '../log.ts';
import { Relay } from '../relay/relay.ts';
import type { DocumentRef, DocumentStore } from '../store/document-store.ts';

/** Small, so that documents are folded, unloaded and written down often. */
const LIMITS = {
  unloadAfterMs: 5,
  contentQuietMs: 20,
  contentMaxMs: 200,
  compactRows: 12,
  compactRowsAtUnload: 4,
  retryMinMs: 2,
  retryMaxMs: 20,
};

/** For tests: one relay process: HTTP server, relay and store, which can end as a process does. */
export class TestServer {
  readonly relay: Relay;
  readonly store: DocumentStore;
  readonly #ref: DocumentRef;
  readonly #http: Server = createServer((_request, response) => response.writeHead(404).end());
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #dead = false;
  #stopped: Promise<void> | null = null;

  readonly #said: string[] = [];
  readonly #log: Log;

  private constructor(ref: DocumentRef, openStore: (log: Log) => DocumentStore) {
    const authorizer = new OpenAuthorizer();
    authorizer.register(ref);
    this.#ref = ref;
    this.#log = { debug: () => {}, info: () => {}, warn: (...line) => this.#note(...line), error: (...line) => this.#note(...line) };
    this.store = openStore(this.#log);
    this.relay = new Relay({ store: this.store, authorizer, log: this.#log, limits: LIMITS });
    this.#http.on('connection', (socket) => {
      if (this.#dead) socket.destroy();
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#http.on('upgrade', (request, socket, head) => this.relay.handleUpgrade(request, socket, head));
  }

  static async start(ref: DocumentRef, openStore: (log: Log) => DocumentStore): Promise<TestServer> {
    const server = new TestServer(ref, openStore);
    await new Promise<void>((resolve) => server.#http.listen(0, '127.0.0.1', resolve));
    server.#port = (server.#http.address() as AddressInfo).port;
    return server;
  }

  get url(): string {
    const { userId, project, path } = this.#ref;
    return `ws://127.0.0.1:${this.#port}/sync/${userId}/${project}/${path}`;
  }

  /** What it holds, and the last it logged: for the message of a failure. */
  describe(): string {
    const { connections, documents, pendingBytes, failing } = this.relay.stats();
    return [JSON.stringify({ connections, documents, pendingBytes, failing, sockets: this.#sockets.size }), ...this.#said].join('\n');
  }

  /** The connection of the client at this port is lost, with what is on its way. */
  drop(clientPort: number): void {
    for (const socket of this.#sockets) if (socket.remotePort === clientPort) socket.destroy();
  }

  /** SIGTERM, as the relay's process answers it. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** kill −9, at this moment: nothing it still does reaches anyone. Whoever calls cuts its ways to the stores. */
  kill(): void {
    this.#dead = true;
    this.#http.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Puts away what a killed process left in this one. */
  async bury(): Promise<void> {
    this.#stopped = Promise.resolve();
    await this.relay.close({ deadlineMs: 1 });
    await this.store.close();
  }

  #note(fields: object, message: string): void {
    const { err } = fields as { err?: unknown };
    this.#said.push(`${message} ${err instanceof Error ? (err.stack ?? err.message) : String(err ?? '')}`);
    if (this.#said.length > 10) this.#said.shift();
  }

  async #stop(): Promise<void> {
    this.#http.close();
    await this.relay.close({ deadlineMs: 5_000 });
    this.#http.closeAllConnections();
    await this.store.close();
  }
}
