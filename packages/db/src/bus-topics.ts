import type { BusMessage, BusTopic } from '@markco/core/bus';

type Listener = (message: BusMessage, hint: unknown) => void;

/** Who listens to what in this process. A listener that throws is reported and does not keep the others from hearing. */
export function createTopics(onError: (error: unknown, topic: string) => void = () => {}) {
  const listeners = new Map<BusTopic, Set<Listener>>();
  const reconnects = new Set<() => void>();
  return {
    subscribe<T extends BusTopic>(topic: T, listener: (message: Extract<BusMessage, { topic: T }>, hint?: unknown) => void): () => void {
      // One entry a call: the same function may subscribe twice.
      const entry: Listener = (message, hint) => {
        const heard = message as Extract<BusMessage, { topic: T }>;
        if (hint === undefined) listener(heard);
        else listener(heard, hint);
      };
      const set = listeners.get(topic) ?? new Set();
      listeners.set(topic, set.add(entry));
      return () => void set.delete(entry);
    },
    deliver(message: BusMessage, hint?: unknown): void {
      for (const listener of [...(listeners.get(message.topic) ?? [])]) attempt(() => listener(message, hint), message.topic, onError);
    },
    onReconnect(listener: () => void): () => void {
      const entry = () => listener();
      reconnects.add(entry);
      return () => void reconnects.delete(entry);
    },
    reconnected(): void {
      for (const listener of [...reconnects]) attempt(listener, 'reconnect', onError);
    },
    clear(): void {
      listeners.clear();
      reconnects.clear();
    },
  };
}

function attempt(run: () => void, topic: string, onError: (error: unknown, topic: string) => void): void {
  try {
    run();
  } catch (error) {
    onError(error, topic);
  }
}
