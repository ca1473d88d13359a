import { z } from 'zod';

/** RU18: one event's largest size in bytes of JSON; larger output becomes an asset. */
export const MAX_EVENT_BYTES = 256 * 1024;

/** AG5: why a session's runtime before this one is gone, where nobody asked for it. `idle`: dropped, nobody used it. */
export const runtimeLoss = z.enum(['crashed', 'out_of_memory', 'unresponsive', 'idle']);
export type RuntimeLoss = z.infer<typeof runtimeLoss>;

const mimeBundle = z.record(z.string(), z.unknown());

/**
 * RU16: what a run says, in the order the agent saw it. `seq` counts from 1 and is given by the agent; `at` is
 * milliseconds since the epoch on the agent's clock.
 */
export const runEventBody = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('started'),
    runtime: z.string().optional(),
    pid: z.number().optional(),
    cwd: z.string().optional(),
    fresh: z.boolean().optional(),
    /** Only in the first run of a runtime that took the place of another. */
    replaces: runtimeLoss.optional(),
  }),
  /** `hiddenBytes`: this note stands where the middle of a long log was (RU18). `stopUnreached`: a Stop did not reach the code (RU12). */
  z.object({ kind: z.literal('note'), text: z.string(), hiddenBytes: z.number().optional(), stopUnreached: z.boolean().optional() }),
  z.object({ kind: z.literal('stdout'), text: z.string() }),
  z.object({ kind: z.literal('stderr'), text: z.string() }),
  z.object({ kind: z.literal('display'), data: mimeBundle, metadata: z.record(z.string(), z.unknown()).optional() }),
  z.object({
    kind: z.literal('asset'),
    assetId: z.string(),
    mimeType: z.string(),
    size: z.number(),
    name: z.string().optional(),
    width: z.number().optional(),
    height: z.number().optional(),
    path: z.string().optional(),
    alt: z.string().optional(),
    /** As a display's metadata says it ({@link file://./display-control.ts}). */
    displayId: z.string().optional(),
    update: z.boolean().optional(),
    more: z.boolean().optional(),
  }),
  z.object({ kind: z.literal('stdin_request'), prompt: z.string(), password: z.boolean(), execId: z.string() }),
  z.object({ kind: z.literal('stdin_answered'), by: z.string().optional(), shown: z.string().optional() }),
  z.object({ kind: z.literal('warning'), text: z.string() }),
  z.object({ kind: z.literal('result'), data: mimeBundle.optional(), executionCount: z.number().optional() }),
  z.object({ kind: z.literal('error'), name: z.string(), message: z.string(), traceback: z.array(z.string()) }),
  z.object({
    kind: z.literal('ended'),
    outcome: z.enum(['completed', 'failed', 'cancelled', 'interrupted']),
    durationMs: z.number(),
    reason: z.string().optional(),
    message: z.string().optional(),
  }),
]);
export type RunEventBody = z.infer<typeof runEventBody>;

/** One row of `run_events` (primary key: run id, seq). */
export const runEvent = z.object({ seq: z.number().int().min(1), at: z.number(), body: runEventBody });
export type RunEvent = z.infer<typeof runEvent>;

/** RU17: an event for a watcher. `skippedLines`: its stream said more before it, of which an abridged watch only counts the ends of lines. */
export type WatchedEvent = { type: 'event'; event: RunEvent; skippedLines?: number };
/** RU17: what `runs.watch` and `WS /api/runs/:id/events?after=N` send: events in order, and the run whenever it changed. */
export type RunWatchItem = WatchedEvent | { type: 'run'; run: import('./run.ts').RunView };
