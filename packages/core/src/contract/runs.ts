import { z } from 'zod';
import { id, uuidv7 } from '../ids.ts';
import { introspectOp } from '../mrp/introspect-op.ts';
import { createRunInput, runState } from '../run/run.ts';

/** RU4: one atomic batch, in order, in one runtime session. */
export const createBatchInput = z.object({ batchId: uuidv7, runs: z.array(createRunInput).min(1).max(200) });
export const listRunsInput = z.object({
  projectId: id.optional(),
  documentId: id.optional(),
  states: z.array(runState).optional(),
  limit: z.number().int().min(1).max(200).default(50),
  /** Runs older than this run's id (ids sort by time). */
  before: uuidv7.optional(),
});
export const runRef = z.object({ runId: uuidv7 });
export const cancelRunInput = z.object({ runId: uuidv7, force: z.boolean().default(false) });
/** `end`: there is no answer and will be none; the code reads the end of its input (`EOFError` in Python). `text` is empty then. */
export const runInputInput = z.object({
  runId: uuidv7,
  execId: z.string().max(64),
  text: z.string().max(1_000_000),
  end: z.boolean().optional(),
});
/** RU17: `after` = the last seq the watcher has, 0 for all. `abridged`: for a page, which shows only the end of what is printed. */
export const watchRunInput = z.object({ runId: uuidv7, after: z.number().int().min(0).default(0), abridged: z.boolean().optional() });
/** RU8: what to do with runs that waited more than an hour. */
export const waitingRunsInput = z.object({ runIds: z.array(uuidv7).min(1).max(200), decision: z.enum(['run', 'discard']) });
/** AG7: answered within 2 s or `timeout`. `body` is the MRP request body. */
export const introspectInput = z.object({
  projectId: id,
  documentId: id.optional(),
  language: z.string().max(40),
  sessionName: z.string().max(64).default('default'),
  op: introspectOp,
  body: z.record(z.string(), z.unknown()),
});
export const sessionOpInput = z.object({
  projectId: id,
  language: z.string().max(40),
  sessionName: z.string().max(64).default('default'),
  op: z.enum(['restart', 'reset']),
});
/** RU19: the bytes of an asset a run made; answers its id (the SHA-256) and a signed path. */
export const putAssetInput = z.object({
  runId: uuidv7,
  mimeType: z.string().max(100),
  base64: z.string().max(70_000_000),
  name: z.string().max(200).optional(),
});
export const putAssetReply = z.object({
  assetId: z.string(),
  url: z.string(),
  size: z.number(),
  width: z.number().nullable(),
  height: z.number().nullable(),
});
export const projectSnapshotInput = z.object({ runId: uuidv7 });
/** AG6: the project's documents as text, for a sandbox to read. */
export const projectSnapshotReply = z.object({ files: z.array(z.object({ path: z.string(), text: z.string() })), truncated: z.boolean() });
