import type { Bytes, LocalTicket, WorkspacePush } from '@markco/agent/desktop/local-workspace';
import type { WorkspaceView } from '@markco/agent/desktop/workspace-view';
import type { DocumentView } from '@markco/core/contract/projects';
import { id, uuidv7 } from '@markco/core/ids';
import { MRP_QUESTIONS, type MrpQuestion } from '@markco/core/mrp/requests';
import { createRunInput, type RunView } from '@markco/core/run/run';
import type { RunEvent } from '@markco/core/run/run-event';
import { z } from 'zod';

/** Answers of our own agent: their types are TypeScript's matter. */
const answer = <T>() => z.custom<T>();
const nothing = z.undefined();

const root = z.string().min(1).max(4096);
const inFolder = <S extends z.ZodRawShape>(shape: S) => z.object({ root, ...shape });
const docPath = z.string().max(1024);
const session = { language: z.string().min(1).max(40), sessionName: z.string().min(1).max(64) };
const questions = Object.keys(MRP_QUESTIONS) as [MrpQuestion, ...MrpQuestion[]];

/** EL3, EL5: what the window asks of a linked folder; the agent answers. Each is a method of its own. */
export const workspaceMethods = {
  openWorkspace: { input: inFolder({}), output: answer<WorkspaceView>() },
  documentTicket: { input: inFolder({ documentId: id }), output: answer<LocalTicket>() },
  createDocument: { input: inFolder({ path: docPath, text: z.string().max(20_000_000) }), output: answer<DocumentView>() },
  renameDocument: { input: inFolder({ documentId: id, path: docPath }), output: answer<DocumentView>() },
  deleteDocument: { input: inFolder({ documentId: id }), output: nothing },
  restoreDocument: { input: inFolder({ documentId: id }), output: answer<DocumentView>() },
  decideRemoval: { input: inFolder({ answer: z.enum(['remove', 'keep']) }), output: nothing },
  startRuns: { input: inFolder({ runs: z.array(createRunInput).min(1).max(500) }), output: answer<RunView[]>() },
  listRuns: { input: inFolder({ documentId: id }), output: answer<RunView[]>() },
  readRun: { input: inFolder({ runId: uuidv7, after: z.number().int().min(0) }), output: answer<{ run: RunView; events: RunEvent[] }>() },
  cancelRun: { input: inFolder({ runId: uuidv7, force: z.boolean() }), output: answer<RunView>() },
  answerInput: { input: inFolder({ runId: uuidv7, execId: z.string().max(200), text: z.string().max(1_000_000) }), output: nothing },
  introspect: {
    input: inFolder({ ...session, op: z.enum(questions), body: z.record(z.string(), z.unknown()) }),
    output: answer<unknown>(),
  },
  sessionOp: { input: inFolder({ ...session, op: z.enum(['restart', 'reset']) }), output: nothing },
  readAsset: {
    input: inFolder({ documentId: id, assetId: z.string().max(100).optional(), path: z.string().max(2000).optional() }),
    output: answer<Bytes | null>(),
  },
} as const;

export type WorkspaceMethod = keyof typeof workspaceMethods;
export const WORKSPACE_METHODS = Object.keys(workspaceMethods) as WorkspaceMethod[];
/** What a workspace says without being asked. */
export const workspacePush = z.object({ root, push: z.custom<WorkspacePush>() });
