import { z } from 'zod';
import { id } from './ids.ts';

/**
 * The topics on the event bus between processes (Postgres NOTIFY by default, Redis where configured). A message only
 * wakes readers and names rows; the rows are the truth (RU9). Published after commit.
 */
export const busMessage = z.discriminatedUnion('topic', [
  z.object({ topic: z.literal('run.changed'), runId: id, userId: id }),
  z.object({ topic: z.literal('run.events'), runId: id, userId: id, lastSeq: z.number() }),
  z.object({ topic: z.literal('runs.wake') }),
  z.object({ topic: z.literal('devices.changed'), userId: id }),
  /** Something a web process wants from the socket of a device, wherever it hangs. `command` is a row id or a small command. */
  z.object({ topic: z.literal('device.command'), deviceId: id, command: z.unknown() }),
  /** The answer to an introspection that another web process asked for. */
  z.object({ topic: z.literal('device.answer'), requestId: z.string(), answer: z.unknown() }),
  z.object({
    topic: z.literal('document.changed'),
    userId: id,
    projectId: id,
    documentId: id.nullable(),
    change: z.enum(['content', 'created', 'renamed', 'deleted', 'restored']),
    by: z.string().optional(),
  }),
  /** A session, device or token of the user was revoked, or a permission changed: sockets re-check (SE2, AG8). */
  z.object({ topic: z.literal('access.changed'), userId: id, sid: z.string().optional() }),
  z.object({ topic: z.literal('flags.changed') }),
]);
export type BusMessage = z.infer<typeof busMessage>;
export type BusTopic = BusMessage['topic'];

/** Publish/subscribe between processes. `publish` resolves when handed over; delivery is best effort. */
export interface EventBus {
  publish(message: BusMessage, hint?: unknown): Promise<void>;
  /**
   * Calls `listener` for every message of the topic, also those this process published. `hint`: what the publisher knew, where it is in
   * this process; listeners elsewhere get none and read the rows. Returns the unsubscribe function.
   */
  subscribe<T extends BusTopic>(topic: T, listener: (message: Extract<BusMessage, { topic: T }>, hint?: unknown) => void): () => void;
  /** Called after the connection was lost and is back: readers must read the rows again, they may have missed messages. */
  onReconnect(listener: () => void): () => void;
  /** OP4: rejects when the bus cannot be reached. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
