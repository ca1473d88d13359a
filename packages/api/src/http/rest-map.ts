import {
  createDocumentInput,
  documentText,
  documentView,
  projectView,
  registerLocalInput,
  registerLocalReply,
} from '@markco/core/contract/projects';
import {
  cancelRunInput,
  createBatchInput,
  listRunsInput,
  runInputInput,
  sessionOpInput,
  waitingRunsInput,
} from '@markco/core/contract/runs';
import { restoreVersionReply, versionText, versionView } from '@markco/core/contract/versions';
import { deviceView } from '@markco/core/device/device';
import { createRunInput, runView } from '@markco/core/run/run';
import { runEvent } from '@markco/core/run/run-event';
import { z } from 'zod';

/** One REST address and the procedure behind it. Parameters of the path and the query become fields of the input. */
export interface RestRoute {
  method: 'GET' | 'POST';
  /** With `:name` for parameters. */
  path: string;
  /** In the app router, `noun.verb`. */
  procedure: string;
  summary: string;
  /** What the body holds, without the path's parameters. */
  body?: z.ZodType;
  /** What the query may hold. */
  query?: z.ZodType;
  reply: z.ZodType;
  /** Names of path parameters in the procedure's input, where they differ. */
  rename?: Record<string, string>;
}

const listRunsQuery = listRunsInput.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** With commas between. */
  states: z
    .string()
    .transform((text) => text.split(','))
    .pipe(listRunsInput.shape.states.unwrap())
    .optional(),
});

const eventsQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(2000).default(500),
});

/** Every REST address that is a procedure (health, assets and the event socket are not). The OpenAPI document is made from this list. */
export const REST_ROUTES: readonly RestRoute[] = [
  { method: 'GET', path: '/api/projects', procedure: 'projects.list', summary: 'Your projects', reply: z.array(projectView) },
  {
    ...{ method: 'GET', path: '/api/projects/:id/documents', procedure: 'projects.documents', summary: 'The documents of a project' },
    reply: z.array(documentView),
    rename: { id: 'projectId' },
  },
  {
    ...{ method: 'POST', path: '/api/projects/register-local', procedure: 'projects.registerLocal', summary: 'Link a folder' },
    body: registerLocalInput,
    reply: registerLocalReply,
  },
  {
    ...{ method: 'GET', path: '/api/documents/:id', procedure: 'documents.get', summary: 'A document with its text' },
    reply: documentText,
    rename: { id: 'documentId' },
  },
  {
    ...{ method: 'GET', path: '/api/documents/:id/versions', procedure: 'documents.versions.list', summary: 'What a document was' },
    reply: z.array(versionView),
    rename: { id: 'documentId' },
  },
  {
    ...{ method: 'GET', path: '/api/documents/:id/versions/:versionId', procedure: 'documents.versions.read', summary: 'A version’s text' },
    reply: versionText,
    rename: { id: 'documentId' },
  },
  {
    method: 'POST',
    path: '/api/documents/:id/versions/:versionId/restore',
    procedure: 'documents.versions.restore',
    summary: 'Bring a document back to a version, as an edit',
    reply: restoreVersionReply,
    rename: { id: 'documentId' },
  },
  {
    ...{ method: 'POST', path: '/api/documents', procedure: 'documents.create', summary: 'A new document' },
    body: createDocumentInput,
    reply: documentView,
  },
  { method: 'POST', path: '/api/runs', procedure: 'runs.create', summary: 'Start a run', body: createRunInput, reply: runView },
  {
    method: 'GET',
    path: '/api/runs',
    procedure: 'runs.list',
    summary: 'Your runs, the newest first',
    query: listRunsQuery,
    reply: z.array(runView),
  },
  {
    ...{ method: 'POST', path: '/api/runs/batch', procedure: 'runs.createBatch', summary: 'Start several runs, in order, or none' },
    body: createBatchInput,
    reply: z.array(runView),
  },
  {
    ...{ method: 'POST', path: '/api/runs/waiting', procedure: 'runs.decideWaiting', summary: 'Run or discard runs that wait' },
    body: waitingRunsInput,
    reply: z.array(z.string()),
  },
  {
    ...{ method: 'GET', path: '/api/runs/:id/events', procedure: 'runs.events', summary: 'A page of the log of a run' },
    query: eventsQuery,
    reply: z.object({ events: z.array(runEvent), next: z.number().nullable() }),
    rename: { id: 'runId' },
  },
  {
    ...{ method: 'POST', path: '/api/projects/:id/session', procedure: 'runs.sessionOp', summary: 'Restart or empty a runtime session' },
    body: sessionOpInput.omit({ projectId: true }),
    reply: z.unknown(),
    rename: { id: 'projectId' },
  },
  {
    ...{ method: 'GET', path: '/api/runs/:id', procedure: 'runs.get', summary: 'A run' },
    reply: runView,
    rename: { id: 'runId' },
  },
  {
    ...{ method: 'POST', path: '/api/runs/:id/cancel', procedure: 'runs.cancel', summary: 'Stop a run' },
    body: cancelRunInput.omit({ runId: true }),
    reply: runView,
    rename: { id: 'runId' },
  },
  {
    ...{ method: 'POST', path: '/api/runs/:id/input', procedure: 'runs.input', summary: 'Answer a run that asks for input' },
    body: runInputInput.omit({ runId: true }),
    reply: z.unknown(),
    rename: { id: 'runId' },
  },
  { method: 'GET', path: '/api/devices', procedure: 'devices.list', summary: 'Your devices', reply: z.array(deviceView) },
];

/** The route of an address and the values of its parameters, or null. Exact words win over parameters. */
export function matchRoute(method: string, path: string): { route: RestRoute; params: Record<string, string> } | null {
  for (const route of REST_ROUTES) {
    const params = route.method === method ? matchPath(route.path, path) : null;
    if (params) return { route, params };
  }
  return null;
}

/** The values of `:name` parts where `path` fits `pattern`, else null. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] as string;
    if (part.startsWith(':')) params[part.slice(1)] = value;
    else if (part !== value) return null;
  }
  return params;
}
