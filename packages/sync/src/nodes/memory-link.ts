import type { NodeLink } from './node-link.ts';

/** Links within one process, for tests; each can be cut, and can lose single messages. */
export class MemoryLinks {
  readonly #links = new Set<MemoryLink>();

  open(): MemoryLink {
    const link = new MemoryLink(this);
    this.#links.add(link);
    return link;
  }

  deliver(channel: string, message: Uint8Array): void {
    for (const link of this.#links) link.receive(channel, message);
  }

  remove(link: MemoryLink): void {
    this.#links.delete(link);
  }
}

export class MemoryLink implements NodeLink {
  readonly #links: MemoryLinks;
  readonly #channels = new Set<string>();
  readonly #listeners: ((channel: string, message: Uint8Array) => void)[] = [];
  readonly #ups: (() => void)[] = [];
  readonly #downs: (() => void)[] = [];
  /** Says which messages to this link are lost on the way. */
  loses: (channel: string, message: Uint8Array) => boolean = () => false;
  up = true;

  constructor(links: MemoryLinks) {
    this.#links = links;
  }

  async publish(channel: string, message: Uint8Array): Promise<void> {
    if (!this.up) throw new Error('The link is cut.');
    const copy = message.slice();
    queueMicrotask(() => this.#links.deliver(channel, copy));
  }

  async subscribe(channel: string): Promise<void> {
    this.#channels.add(channel);
  }

  unsubscribe(channel: string): void {
    this.#channels.delete(channel);
  }

  onMessage(listener: (channel: string, message: Uint8Array) => void): void {
    this.#listeners.push(listener);
  }

  onUp(listener: () => void): void {
    this.#ups.push(listener);
  }

  onDown(listener: () => void): void {
    this.#downs.push(listener);
  }

  async close(): Promise<void> {
    this.#links.remove(this);
  }

  receive(channel: string, message: Uint8Array): void {
    if (!this.up || !this.#channels.has(channel) || this.loses(channel, message)) return;
    for (const listener of this.#listeners) listener(channel, message);
  }

  cut(): void {
    this.up = false;
    for (const listener of this.#downs) listener();
  }

  mend(): void {
    this.up = true;
    for (const listener of this.#ups) listener();
  }
}
