import {
  devicePollInput,
  devicePollReply,
  deviceStartInput,
  deviceStartReply,
  deviceTokens,
  meView,
  pkceExchangeInput,
  refreshInput,
} from '@markco/core/contract/auth';
import {
  createDocumentInput,
  documentRef,
  documentText,
  documentView,
  projectView,
  registerLocalInput,
  registerLocalReply,
  renameDocumentInput,
  seedInput,
  seedReply,
  ticketInput,
  ticketReply,
} from '@markco/core/contract/projects';
import {
  cancelRunInput,
  createBatchInput,
  listRunsInput,
  runInputInput,
  runRef,
  sessionOpInput,
  waitingRunsInput,
  watchRunInput,
} from '@markco/core/contract/runs';
import { keepVersionsInput, keepVersionsReply } from '@markco/core/contract/versions';
import { deviceView } from '@markco/core/device/device';
import { id } from '@markco/core/ids';
import { createRunInput, runView } from '@markco/core/run/run';
import { runEvent } from '@markco/core/run/run-event';
import { z } from 'zod';

interface Procedure {
  kind: 'query' | 'mutation' | 'subscription';
  input: z.ZodType;
  output: z.ZodType;
}

const watchItem = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: runEvent }),
  z.object({ type: z.literal('run'), run: runView }),
]);

/**
 * What the agent calls on the server, by procedure name. The server's package stays out of reach of this one, so answers
 * are checked against core's contracts instead.
 */
export const PROCEDURES = {
  'auth.me': { kind: 'query', input: z.undefined(), output: meView },
  'auth.deviceStart': { kind: 'mutation', input: deviceStartInput, output: deviceStartReply },
  'auth.devicePoll': { kind: 'mutation', input: devicePollInput, output: devicePollReply },
  'auth.pkceExchange': { kind: 'mutation', input: pkceExchangeInput, output: deviceTokens },
  'auth.refresh': { kind: 'mutation', input: refreshInput, output: deviceTokens },
  'auth.signOutDevice': { kind: 'mutation', input: z.undefined(), output: z.unknown() },
  'devices.list': { kind: 'query', input: z.undefined(), output: z.array(deviceView) },
  'projects.list': { kind: 'query', input: z.undefined(), output: z.array(projectView) },
  'projects.registerLocal': { kind: 'mutation', input: registerLocalInput, output: registerLocalReply },
  'documents.list': { kind: 'query', input: z.object({ projectId: id }), output: z.array(documentView) },
  'documents.get': { kind: 'query', input: documentRef, output: documentText },
  'documents.seed': { kind: 'mutation', input: seedInput, output: seedReply },
  'documents.create': { kind: 'mutation', input: createDocumentInput, output: documentView },
  'documents.rename': { kind: 'mutation', input: renameDocumentInput, output: documentView },
  'documents.remove': { kind: 'mutation', input: documentRef, output: z.unknown() },
  'documents.ticket': { kind: 'query', input: ticketInput, output: ticketReply },
  'documents.versions.keep': { kind: 'mutation', input: keepVersionsInput, output: keepVersionsReply },
  'runs.create': { kind: 'mutation', input: createRunInput, output: runView },
  'runs.createBatch': { kind: 'mutation', input: createBatchInput, output: z.array(runView) },
  'runs.get': { kind: 'query', input: runRef, output: runView },
  'runs.list': { kind: 'query', input: listRunsInput, output: z.array(runView) },
  'runs.decideWaiting': { kind: 'mutation', input: waitingRunsInput, output: z.array(z.string()) },
  'runs.cancel': { kind: 'mutation', input: cancelRunInput, output: z.unknown() },
  'runs.sessionOp': { kind: 'mutation', input: sessionOpInput, output: z.unknown() },
  'runs.input': { kind: 'mutation', input: runInputInput, output: z.unknown() },
  'runs.watch': { kind: 'subscription', input: watchRunInput, output: watchItem },
} as const satisfies Record<string, Procedure>;

export type ProcedureName = keyof typeof PROCEDURES;
export type InputOf<N extends ProcedureName> = z.input<(typeof PROCEDURES)[N]['input']>;
export type OutputOf<N extends ProcedureName> = z.output<(typeof PROCEDURES)[N]['output']>;
