import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What a connection through the proxy may be made to suffer. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes it may still be answered before it is cut; null: no end. */
  answerLeft: number | null;
}

/** Sees what a client sends on its way. 'question': that connection is cut before it is handed on; 'answer': within what comes back. */
export type Watcher = (data: Buffer) => 'question' | 'answer' | null;

/** Less than any document's answer. */
const PART_OF_AN_ANSWER = 2_000;

/** A TCP proxy in front of Postgres that cuts, refuses or swallows connections when the test says. */
export class CutProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: 'open' | 'refusing' | 'hanging' = 'open';
  /** See {@link Watcher}. */
  watch: Watcher | null = null;

  private constructor(target: URL) {
    this.#server = createServer((client) => this.#accept(client, target));
  }

  /** Listens on a free port in front of the database at `url`. */
  static async before(url: string): Promise<{ proxy: CutProxy; url: string }> {
    const target = new URL(url);
    const proxy = new CutProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    target.port = String((proxy.#server.address() as AddressInfo).port);
    const through = target.toString();
    target.port = new URL(url).port;
    return { proxy, url: through };
  }

  /** Ends every connection with a reset. New ones are let in. */
  cut(): void {
    for (const pair of [...this.#pairs]) this.#drop(pair);
  }

  /** Ends every connection and resets every new one. */
  refuse(): void {
    this.#mode = 'refusing';
    this.cut();
  }

  /** Nothing gets through any more, on old connections or new ones, and none is closed. */
  hang(): void {
    this.#mode = 'hanging';
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  /** New connections work. After {@link hang}: the old ones go on, unless they are `forgotten`, which stay silent forever. */
  heal(old: 'resumed' | 'forgotten' = 'resumed'): void {
    this.#mode = 'open';
    if (old === 'forgotten') return;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket, target: URL): void {
    client.on('error', () => {});
    if (this.#mode === 'refusing') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(Number(target.port), target.hostname);
    const pair: Pair = { client, server, answerLeft: null };
    this.#pairs.add(pair);
    server.on('error', () => {});
    client.on('data', (data) => {
      const where = this.watch?.(data) ?? null;
      if (where === 'question') return this.#drop(pair);
      if (where === 'answer') pair.answerLeft = PART_OF_AN_ANSWER;
      server.write(data);
    });
    server.on('data', (data) => this.#answer(pair, data));
    for (const socket of [client, server]) socket.on('close', () => this.#drop(pair));
    if (this.#mode === 'hanging') {
      client.pause();
      server.pause();
    }
  }

  #answer(pair: Pair, data: Buffer): void {
    const passed = data.subarray(0, pair.answerLeft ?? data.length);
    pair.client.write(passed);
    if (pair.answerLeft === null) return;
    pair.answerLeft -= passed.length;
    if (pair.answerLeft > 0) return;
    this.#drop(pair);
  }

  #drop(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
}
