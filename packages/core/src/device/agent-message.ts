import { z } from 'zod';
import { id } from '../ids.ts';
import { introspectOp } from '../mrp/introspect-op.ts';
import { createRunInput } from '../run/run.ts';
import { runEvent } from '../run/run-event.ts';
import { capabilitySnapshot, deviceKind, deviceView, runtimeInfo } from './device.ts';

/** AG1: on every message, both ways. `timestamp` is milliseconds since the epoch on the sender's clock. */
const envelope = {
  messageId: z.string().max(64),
  requestId: z.string().max(64).optional(),
  userId: z.string(),
  deviceId: z.string(),
  timestamp: z.number(),
};

/** The agent's first word on a new socket: the input of the `commands` subscription. */
export const registerMessage = z.object({
  ...envelope,
  type: z.literal('REGISTER'),
  protocol: z.number().int(),
  /** New at every start of the agent process; tells a reconnect from a restart (RU11). */
  bootId: z.string().max(64),
  name: z.string().max(100),
  kind: deviceKind,
  platform: z.string().max(40),
  version: z.string().max(40),
  allowRuns: z.boolean(),
  projectIds: z.array(id).max(1000),
  capabilities: capabilitySnapshot,
});
export type RegisterMessage = z.infer<typeof registerMessage>;

export const heartbeatMessage = z.object({
  ...envelope,
  type: z.literal('HEARTBEAT'),
  capabilities: capabilitySnapshot,
  projectIds: z.array(id).max(1000).optional(),
});
export const runtimeUpMessage = z.object({ ...envelope, type: z.literal('RUNTIME_UP'), runtime: runtimeInfo });
export const runtimeDownMessage = z.object({
  ...envelope,
  type: z.literal('RUNTIME_DOWN'),
  runtimeId: z.string(),
  reason: z.string().max(500),
});
/** Sleep, quit or sign-out: offline at once (AG2). */
export const goodbyeMessage = z.object({ ...envelope, type: z.literal('GOODBYE'), reason: z.enum(['sleep', 'quit', 'sign_out']) });

/** RU11. `phase` is what the journal says of the run. */
export const resumeMessage = z.object({
  ...envelope,
  type: z.literal('RESUME'),
  bootId: z.string(),
  runs: z
    .array(
      z.object({
        runId: id,
        attempt: z.number().int(),
        phase: z.enum(['accepted', 'started', 'ended']),
        lastSeq: z.number().int(),
        alive: z.boolean(),
      }),
    )
    .max(1000),
});
/** The answer to RESUME: from which event on to replay, or what else to do with the run. */
export const resumeReply = z.object({
  runs: z.array(z.object({ runId: id, ackedSeq: z.number().int(), action: z.enum(['continue', 'withdraw', 'grant', 'forget']) })),
});
export type ResumeReply = z.infer<typeof resumeReply>;

/** What the agent answers or reports about runs and introspection. */
export const mrpResponseMessage = z.discriminatedUnion('kind', [
  z.object({ ...envelope, type: z.literal('MRP_RESPONSE'), kind: z.literal('accept'), runId: id, attempt: z.number().int() }),
  z.object({
    ...envelope,
    type: z.literal('MRP_RESPONSE'),
    kind: z.literal('refuse'),
    runId: id,
    attempt: z.number().int(),
    reason: z.enum(['busy', 'no_runtime', 'runs_not_allowed', 'draining', 'limit', 'error']),
    message: z.string().max(2000),
    busyExecId: z.string().optional(),
  }),
  z.object({
    ...envelope,
    type: z.literal('MRP_RESPONSE'),
    kind: z.literal('events'),
    runId: id,
    attempt: z.number().int(),
    events: z.array(runEvent).max(500),
  }),
  z.object({
    ...envelope,
    type: z.literal('MRP_RESPONSE'),
    kind: z.literal('status'),
    runId: id,
    attempt: z.number().int(),
    phase: z.enum(['unknown', 'accepted', 'started', 'ended']),
    lastSeq: z.number().int(),
  }),
  z.object({
    ...envelope,
    type: z.literal('MRP_RESPONSE'),
    kind: z.literal('answer'),
    result: z.unknown().optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  }),
]);
export type MrpResponse = z.infer<typeof mrpResponseMessage>;

/** A document changed on the server: wakes a folder bridge that holds no socket for it (FB3). */
export const docChangedMessage = z.object({
  ...envelope,
  type: z.literal('DOC_CHANGED'),
  projectId: id,
  documentId: id.nullable(),
  change: z.enum(['content', 'created', 'renamed', 'deleted', 'restored']),
});

/** Everything an agent sends after REGISTER, by the `send` mutation. */
export const agentMessage = z.discriminatedUnion('type', [
  heartbeatMessage,
  runtimeUpMessage,
  runtimeDownMessage,
  goodbyeMessage,
  resumeMessage,
  mrpResponseMessage,
]);
export type AgentMessage = z.infer<typeof agentMessage>;

/** `send`'s answer. `ackedSeq`: highest contiguous event in Postgres (kind events); `resume`: RESUME's answer; `ignored`: unknown or stale, keep nothing. */
export const sendReply = z.object({
  ok: z.boolean(),
  ackedSeq: z.number().optional(),
  resume: resumeReply.optional(),
  ignored: z.string().optional(),
});
export type SendReply = z.infer<typeof sendReply>;

/** A run as the agent gets it with an offer. */
export const offeredRun = z.object({
  runId: id,
  attempt: z.number().int(),
  userId: z.string(),
  projectSlug: z.string(),
  projectName: z.string(),
  docPath: z.string(),
  request: createRunInput,
  /** Workers: the snapshot of the project's documents comes by `agents.projectSnapshot`. */
  cloud: z.boolean(),
});
export type OfferedRun = z.infer<typeof offeredRun>;

/** What the server asks of an agent. */
export const mrpRequestMessage = z.discriminatedUnion('kind', [
  z.object({ ...envelope, type: z.literal('MRP_REQUEST'), kind: z.literal('offer'), offer: offeredRun }),
  z.object({ ...envelope, type: z.literal('MRP_REQUEST'), kind: z.literal('grant'), runId: id, attempt: z.number().int() }),
  z.object({
    ...envelope,
    type: z.literal('MRP_REQUEST'),
    kind: z.literal('deny'),
    runId: id,
    attempt: z.number().int(),
    reason: z.string(),
  }),
  z.object({ ...envelope, type: z.literal('MRP_REQUEST'), kind: z.literal('cancel'), runId: id, force: z.boolean() }),
  /** `secret`: the answer to a password prompt; never journaled or logged (RU14). */
  z.object({
    ...envelope,
    type: z.literal('MRP_REQUEST'),
    kind: z.literal('input'),
    runId: id,
    execId: z.string(),
    text: z.string().max(1_000_000),
    secret: z.boolean(),
    /** RU14: nobody will answer; the code reads the end of its input. */
    end: z.boolean().optional(),
    by: z.string().optional(),
  }),
  z.object({
    ...envelope,
    type: z.literal('MRP_REQUEST'),
    kind: z.literal('introspect'),
    projectId: id,
    language: z.string(),
    sessionName: z.string(),
    docPath: z.string().optional(),
    op: introspectOp,
    body: z.record(z.string(), z.unknown()),
  }),
  z.object({
    ...envelope,
    type: z.literal('MRP_REQUEST'),
    kind: z.literal('session'),
    projectId: id,
    language: z.string(),
    sessionName: z.string(),
    op: z.enum(['restart', 'reset']),
  }),
  z.object({ ...envelope, type: z.literal('MRP_REQUEST'), kind: z.literal('ack'), runId: id, seq: z.number().int() }),
  z.object({ ...envelope, type: z.literal('MRP_REQUEST'), kind: z.literal('probe') }),
]);
export type MrpRequest = z.infer<typeof mrpRequestMessage>;

export const deviceListMessage = z.object({ ...envelope, type: z.literal('DEVICE_LIST'), devices: z.array(deviceView) });

/** The stream an agent subscribes to: first WELCOME, then the rest as it comes. Unknown types are ignored with a log line (AG1). */
export const serverMessage = z.discriminatedUnion('type', [
  z.object({ ...envelope, type: z.literal('WELCOME'), protocol: z.number().int(), heartbeatMs: z.number(), serverTime: z.number() }),
  mrpRequestMessage,
  deviceListMessage,
  docChangedMessage,
]);
export type ServerMessage = z.infer<typeof serverMessage>;
