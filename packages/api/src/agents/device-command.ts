import { introspectOp } from '@markco/core/mrp/introspect-op';
import { z } from 'zod';

const runAttempt = { runId: z.string(), attempt: z.number() };
const owner = { userId: z.string() };

/**
 * What one web process asks the one that holds a device's socket to do. Commands about runs name the row; the holder reads it.
 * `userId`: whose work it is (a worker serves many).
 */
export const deviceCommand = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('offer'), ...owner, ...runAttempt }),
  z.object({ kind: z.literal('grant'), ...owner, ...runAttempt }),
  z.object({ kind: z.literal('deny'), ...owner, ...runAttempt, reason: z.string() }),
  z.object({ kind: z.literal('cancel'), ...owner, runId: z.string(), force: z.boolean() }),
  /** `text` is sealed: an answer may be a password (RU14). */
  z.object({
    kind: z.literal('input'),
    ...owner,
    runId: z.string(),
    execId: z.string(),
    text: z.string(),
    secret: z.boolean(),
    end: z.boolean().optional(),
    by: z.string().optional(),
  }),
  z.object({
    kind: z.literal('introspect'),
    ...owner,
    requestId: z.string(),
    projectId: z.string(),
    language: z.string(),
    sessionName: z.string(),
    docPath: z.string().optional(),
    op: introspectOp,
    body: z.record(z.string(), z.unknown()),
  }),
  z.object({
    kind: z.literal('session'),
    ...owner,
    requestId: z.string(),
    projectId: z.string(),
    language: z.string(),
    sessionName: z.string(),
    op: z.enum(['restart', 'reset']),
  }),
  z.object({ kind: z.literal('probe'), ...owner, requestId: z.string() }),
  /** AG2: a newer socket of the same device exists; every other one closes. */
  z.object({ kind: z.literal('superseded'), ...owner, by: z.string() }),
]);
export type DeviceCommand = z.infer<typeof deviceCommand>;
