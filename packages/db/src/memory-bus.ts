import type { BusMessage, BusTopic, EventBus } from '@markco/core/bus';
import { createTopics } from './bus-topics.ts';

/** An event bus inside one process, for tests. Delivers in order, after `publish` returned. */
export function createMemoryBus(): EventBus & { reconnected(): void } {
  const topics = createTopics();
  return {
    async publish(message: BusMessage, hint?: unknown) {
      queueMicrotask(() => topics.deliver(message, hint));
    },
    subscribe: <T extends BusTopic>(topic: T, listener: (message: Extract<BusMessage, { topic: T }>, hint?: unknown) => void) =>
      topics.subscribe(topic, listener),
    onReconnect: (listener) => topics.onReconnect(listener),
    reconnected: () => topics.reconnected(),
    ping: async () => {},
    close: async () => topics.clear(),
  };
}
