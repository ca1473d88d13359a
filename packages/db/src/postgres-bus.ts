import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BusMessage, type BusTopic, busMessage, type EventBus } from '@markco/core/bus';
import pg from 'pg';
import { createAssembler, toPayloads } from './bus-frames.ts';
import { createTopics } from './bus-topics.ts';
import type { DbOrTx } from './client.ts';

const CHANNEL = 'markco';
const CHECK_EVERY_MS = 15_000;
const ANSWER_WITHIN_MS = 5_000;
const NOTIFY_ALL = 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) WITH ORDINALITY AS t(payload, ord) ORDER BY ord';

export interface PostgresBusOptions {
  /** One line for the operator; carries no message body. */
  log?: (line: string) => void;
}

/**
 * The event bus over LISTEN/NOTIFY on one connection of its own; listeners in this process hear a message without it. Rejects where the first connection fails; after that it
 * reconnects by itself (0.1 to 5 s) and tells `onReconnect`, because messages sent meanwhile are gone.
 */
export async function createPostgresBus(connectionString: string, options: PostgresBusOptions = {}): Promise<EventBus> {
  const bus = new PostgresBus(connectionString, options.log ?? (() => {}));
  await bus.connect();
  return bus;
}

/** Publishes with the transaction: heard after the commit, and not at all if it rolls back. */
export async function publishInTx(tx: DbOrTx, message: BusMessage): Promise<void> {
  for (const payload of toPayloads(message)) await tx.$executeRaw`SELECT pg_notify(${CHANNEL}, ${payload})`;
}

class PostgresBus implements EventBus {
  readonly #connectionString: string;
  readonly #log: (line: string) => void;
  readonly #topics;
  readonly #assembler = createAssembler();
  /** Names this process: what it sends, it hears at once and not again from Postgres. */
  readonly #origin = randomUUID();
  readonly #underWay = new Set<Promise<void>>();
  #client: pg.Client | null = null;
  #connecting: Promise<void> | null = null;
  #check: NodeJS.Timeout | null = null;
  #closed = false;
  readonly #outbox: string[] = [];
  #sending: Promise<void> = Promise.resolve();
  #nextSend: Promise<void> | null = null;

  constructor(connectionString: string, log: (line: string) => void) {
    this.#connectionString = connectionString;
    this.#log = log;
    this.#topics = createTopics((error, topic) => log(`a listener of ${topic} failed: ${(error as Error)?.message}`));
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#connectionString,
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
      keepAlive: true,
      application_name: 'markco-bus',
    });
    let lost = false;
    const onLost = () => {
      if (lost) return;
      lost = true;
      if (this.#client === client) this.#reconnect();
    };
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', ({ payload }) => this.#receive(payload ?? ''));
    try {
      await client.connect();
      // A wake-up is not worth a disk write: what it names is committed already, and a lost one is looked for.
      await client.query('SET synchronous_commit TO off');
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    if (lost) throw new Error('The event bus lost its connection while it was being made.');
    if (this.#closed) return void client.end().catch(() => {});
    this.#client = client;
    this.#check ??= setInterval(() => this.#checkAlive(), CHECK_EVERY_MS).unref();
  }

  #reconnect(): void {
    this.#client = null;
    this.#assembler.reset();
    if (this.#closed || this.#connecting) return;
    this.#log('the event bus lost its connection; reconnecting');
    this.#connecting = this.#keepTrying().finally(() => {
      this.#connecting = null;
    });
  }

  async #keepTrying(): Promise<void> {
    for (let wait = 100; !this.#closed; wait = Math.min(wait * 2, 5000)) {
      try {
        await this.connect();
        if (!this.#client) continue;
        this.#log('the event bus is connected again');
        return this.#topics.reconnected();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, wait).unref());
      }
    }
  }

  // A peer that vanished without closing is noticed only by asking.
  #checkAlive(): void {
    const client = this.#client;
    client?.query('SELECT 1').catch(() => {
      if (this.#client !== client) return;
      this.#reconnect();
      client.end().catch(() => {});
    });
  }

  #receive(payload: string): void {
    try {
      const received = this.#assembler.take(payload);
      if (received && received.origin !== this.#origin) this.#topics.deliver(busMessage.parse(received.message));
    } catch {
      this.#log('a message on the event bus was not understood and is ignored; a newer version may be running beside this one');
    }
  }

  async publish(message: BusMessage, hint?: unknown): Promise<void> {
    const parsed = busMessage.parse(message);
    const payloads = toPayloads(parsed, this.#origin);
    queueMicrotask(() => this.#closed || this.#topics.deliver(parsed, hint));
    const handing = this.#handOver(payloads);
    this.#underWay.add(handing);
    await handing.finally(() => this.#underWay.delete(handing));
  }

  async #handOver(payloads: readonly string[]): Promise<void> {
    await this.#connecting;
    if (!this.#client) throw new Error('The event bus is not connected.');
    await this.#send(payloads);
  }

  /**
   * One statement under way; what is published meanwhile goes with the next, in order. It leaves behind what this turn of the event loop
   * sends: who is waited for first, and then everybody who is only woken.
   */
  #send(payloads: readonly string[]): Promise<void> {
    this.#outbox.push(...payloads);
    this.#nextSend ??= this.#sending.then(nextTurn).then(() => this.#sendOutbox());
    return this.#nextSend;
  }

  async #sendOutbox(): Promise<void> {
    const payloads = this.#outbox.splice(0);
    this.#nextSend = null;
    if (!this.#client) throw new Error('The event bus is not connected.');
    const query = this.#client.query(NOTIFY_ALL, [CHANNEL, payloads]);
    this.#sending = query.then(
      () => {},
      () => {},
    );
    await query;
  }

  subscribe<T extends BusTopic>(topic: T, listener: (message: Extract<BusMessage, { topic: T }>, hint?: unknown) => void): () => void {
    return this.#topics.subscribe(topic, listener);
  }

  onReconnect(listener: () => void): () => void {
    return this.#topics.onReconnect(listener);
  }

  async ping(): Promise<void> {
    if (!this.#client) throw new Error('The event bus is not connected.');
    await this.#client.query('SELECT 1');
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#check) clearInterval(this.#check);
    this.#topics.clear();
    // What was said last, at a shutdown, is said.
    if (this.#client) await Promise.allSettled(this.#underWay);
    await this.#client?.end().catch(() => {});
    this.#client = null;
  }
}
