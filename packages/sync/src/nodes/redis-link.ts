import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { withDeadline } from '../with-deadline.ts';
import type { NodeLink } from './node-link.ts';

/** How the link looks after itself, ms and bytes. Tests make them small. */
export interface RedisLinkTuning {
  /** How often it sends itself a message. */
  readonly pingMs: number;
  /** Without a message of its own for so long it counts as down and is made anew. */
  readonly silentMs: number;
  readonly retryMaxMs: number;
  /** How long a document waits for its subscription. */
  readonly subscribeMs: number;
  /** On their way to Redis at once; above it messages are refused, and readers read the store. */
  readonly maxPendingBytes: number;
}

const OUT = 'markco-sync-out';
const IN = 'markco-sync-in';
const TUNING: RedisLinkTuning = { pingMs: 500, silentMs: 2_500, retryMaxMs: 500, subscribeMs: 1_000, maxPendingBytes: 16 * 1024 * 1024 };

/**
 * SY18 over Redis: one connection that publishes, one that subscribes. A connection can be open and dead, or Redis be stopped:
 * the link is up only while its own messages come back to it. Connects in the background and for as long as it takes.
 */
export class RedisLink implements NodeLink {
  readonly #tuning: RedisLinkTuning;
  readonly #out: Redis;
  readonly #in: Redis;
  readonly #own = `markco:link:${randomUUID()}`;
  readonly #channels = new Set<string>();
  readonly #messages: ((channel: string, message: Uint8Array) => void)[] = [];
  readonly #ups: (() => void)[] = [];
  readonly #downs: (() => void)[] = [];
  readonly #timer: NodeJS.Timeout;
  #up = false;
  /** All channels stand on the present connection. */
  #subscribed = false;
  #heardAt = Date.now();
  #pending = 0;
  #closed = false;

  /** @param url `redis://` or `rediss://`; both connections are opened at once */
  constructor(url: string, tuning: Partial<RedisLinkTuning> = {}) {
    this.#tuning = { ...TUNING, ...tuning };
    this.#out = this.#open(url, OUT);
    this.#in = this.#open(url, IN);
    this.#in.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#receive(channel.toString(), message));
    this.#timer = setInterval(() => this.#check(), this.#tuning.pingMs).unref();
  }

  get up(): boolean {
    return this.#up;
  }

  async publish(channel: string, message: Uint8Array): Promise<void> {
    if (this.#pending + message.length > this.#tuning.maxPendingBytes) throw new Error('Redis does not take messages fast enough.');
    this.#pending += message.length;
    try {
      await this.#out.publish(channel, Buffer.from(message.buffer, message.byteOffset, message.byteLength));
    } finally {
      this.#pending -= message.length;
    }
  }

  async subscribe(channel: string): Promise<void> {
    this.#channels.add(channel);
    // Otherwise it is among those subscribed to when the connection is ready.
    if (this.#in.status !== 'ready') return;
    await withDeadline(this.#in.subscribe(channel), this.#tuning.subscribeMs).catch(() => {});
  }

  unsubscribe(channel: string): void {
    if (this.#channels.delete(channel) && this.#in.status === 'ready') this.#in.unsubscribe(channel).catch(() => {});
  }

  onMessage(listener: (channel: string, message: Uint8Array) => void): void {
    this.#messages.push(listener);
  }

  onUp(listener: () => void): void {
    this.#ups.push(listener);
  }

  onDown(listener: () => void): void {
    this.#downs.push(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#out.disconnect();
    this.#in.disconnect();
  }

  #open(url: string, connectionName: string): Redis {
    const { retryMaxMs } = this.#tuning;
    const connection = new Redis(url, {
      connectionName,
      connectTimeout: 2_000,
      // What could not be sent is read from the store: nothing is queued for later, and nothing sent twice.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      enableAutoPipelining: connectionName === OUT,
      protocol: 2,
      retryStrategy: (attempt) => Math.min(retryMaxMs, 25 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2),
    });
    connection.on('ready', () => void this.#subscribeAll());
    connection.on('close', () => this.#wentDown());
    // Tried again by itself; what it means is told by `onDown`.
    connection.on('error', () => {});
    return connection;
  }

  async #subscribeAll(): Promise<void> {
    if (this.#in.status !== 'ready' || this.#out.status !== 'ready') return;
    try {
      await this.#in.subscribe(this.#own, ...this.#channels);
      this.#subscribed = true;
      await this.#ping();
    } catch {
      // The connection went away again: its `close` follows.
    }
  }

  async #ping(): Promise<void> {
    await this.#out.publish(this.#own, '');
  }

  #receive(channel: string, message: Uint8Array): void {
    this.#heardAt = Date.now();
    if (channel !== this.#own) {
      for (const listener of this.#messages) listener(channel, message);
      return;
    }
    if (this.#up || !this.#subscribed) return;
    this.#up = true;
    for (const listener of this.#ups) listener();
  }

  #wentDown(): void {
    this.#subscribed = false;
    if (!this.#up || this.#closed) return;
    this.#up = false;
    for (const listener of this.#downs) listener();
  }

  #check(): void {
    if (this.#subscribed) this.#ping().catch(() => {});
    const silent = Date.now() - this.#heardAt;
    if (silent < this.#tuning.silentMs) return;
    // Also where connecting hangs: begun anew every so often.
    this.#heardAt = Date.now();
    this.#wentDown();
    for (const connection of [this.#out, this.#in]) connection.disconnect(true);
  }
}
