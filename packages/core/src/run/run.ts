import { z } from 'zod';
import { id, instant, uuidv7 } from '../ids.ts';

/** RU1: every state a run can be in. */
export const runState = z.enum(['queued', 'offered', 'running', 'completed', 'failed', 'cancelled', 'interrupted', 'expired']);
export type RunState = z.infer<typeof runState>;

export { isTerminal } from './is-terminal.ts';

/** RU5: why a run goes where it goes. */
export const routeReason = z.enum([
  'user_choice',
  'session_affinity',
  'device_online',
  'fallback_device_offline',
  'fallback_no_runtime',
  'queued_device_offline',
  'routing_disabled',
]);
export type RouteReason = z.infer<typeof routeReason>;

/** Where a run goes: one of the person's devices, the cloud worker, or nowhere yet. */
export const routeTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('device'), deviceId: id }),
  z.object({ kind: z.literal('cloud') }),
  z.object({ kind: z.literal('queue') }),
]);
export type RouteTarget = z.infer<typeof routeTarget>;

/** RU5: "run on…": the person's own choice. */
export const requestedTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('device'), deviceId: id }),
  z.object({ kind: z.literal('cloud') }),
]);
export type RequestedTarget = z.infer<typeof requestedTarget>;

/** RU2, RU3: the request. `codeHash` is SHA-256 hex of `code` in UTF-8; `anchor` a base64 Yjs relative position of the cell's closing fence. */
export const createRunInput = z.object({
  runId: uuidv7,
  projectId: id,
  documentId: id,
  epoch: z.string().max(64),
  language: z.string().min(1).max(40),
  code: z.string().max(1_000_000),
  codeHash: z.string().regex(/^[0-9a-f]{64}$/),
  /** Base64 of Y.encodeRelativePosition. */
  anchor: z.string().max(400).optional(),
  /** Base64 of the document's state vector at the tap (RU15). */
  stateVector: z.string().max(20_000).optional(),
  cellIndex: z.number().int().min(0).optional(),
  sessionName: z.string().min(1).max(64).default('default'),
  batchId: uuidv7.optional(),
  ordinal: z.number().int().min(0).max(10_000).optional(),
  target: requestedTarget.optional(),
});
export type CreateRunInput = z.input<typeof createRunInput>;
export type RunRequest = z.output<typeof createRunInput>;

/** What a watcher, the API and the editor see of a run. */
export const runView = z.object({
  id: uuidv7,
  projectId: id,
  documentId: id,
  docPath: z.string(),
  projectSlug: z.string(),
  language: z.string(),
  sessionName: z.string(),
  code: z.string(),
  cellIndex: z.number().nullable(),
  batchId: z.string().nullable(),
  ordinal: z.number().nullable(),
  state: runState,
  attempt: z.number(),
  awaitingInput: z.object({ prompt: z.string(), password: z.boolean(), execId: z.string() }).nullable(),
  cancelRequestedAt: instant.nullable(),
  /** RU12: when a Stop did not reach the code; null while none failed. */
  stopUnreachedAt: instant.nullable().optional(),
  contactLostSince: instant.nullable(),
  /** RU8: waited more than an hour; the person decides: Run or Discard. */
  heldSince: instant.nullable().optional(),
  target: routeTarget,
  reason: routeReason,
  /** RU5: why it goes there, as the sentence that routing stored. */
  why: z.string().nullable().optional(),
  /** RU3: where its cell is, as the request said: base64 of a Yjs relative position. */
  anchor: z.string().nullable().optional(),
  /** RU6, RU22: told next to the output: the namespace was empty when this run began. */
  freshSession: z.boolean(),
  /** The name of the device, "Cloud" or null while nothing took it. */
  ranOn: z.string().nullable(),
  /** RU3: the cell's text had changed when the request arrived. */
  codeChanged: z.boolean(),
  /** A sentence for the person about the state: "Waiting for MacBook Pro", "failed because…". */
  message: z.string().nullable(),
  exitReason: z.string().nullable(),
  createdAt: instant,
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  lastSeq: z.number(),
});
export type RunView = z.infer<typeof runView>;
