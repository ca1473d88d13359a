import type { BusMessage, BusTopic, EventBus } from '@markco/core/bus';

type Listener = (message: BusMessage) => void;

/** The bus of one process: the bridge tells the local relay what changed under it. */
export class LocalBus implements EventBus {
  readonly #listeners = new Map<BusTopic, Set<Listener>>();

  async publish(message: BusMessage): Promise<void> {
    for (const listener of [...(this.#listeners.get(message.topic) ?? [])]) listener(message);
  }

  subscribe<T extends BusTopic>(topic: T, listener: (message: Extract<BusMessage, { topic: T }>) => void): () => void {
    const all = this.#listeners.get(topic) ?? new Set<Listener>();
    this.#listeners.set(topic, all);
    all.add(listener as Listener);
    return () => all.delete(listener as Listener);
  }

  /** Nothing is ever missed within a process. */
  onReconnect(): () => void {
    return () => undefined;
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}
