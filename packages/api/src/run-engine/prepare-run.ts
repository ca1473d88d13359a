import { createHash } from 'node:crypto';
import { parseCells } from '@markco/core/document/cells';
import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { Route } from '@markco/core/routing/route-input';
import type { RunRequest } from '@markco/core/run/run';
import type { Prisma } from '@markco/db/client';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { scoped } from '../scope.ts';
import { decideRoute, routeColumns } from './route-run.ts';
import { cleanJson } from './stored-event.ts';

/** A run ready to be inserted. `existed` is set by the insert when it was there already (RU2). */
export interface PreparedRun {
  row: Prisma.RunUncheckedCreateInput & { docPath: string };
  route: Route;
  existed: boolean;
}

/** Larger documents are not compared (RU3 is best effort). */
const MAX_COMPARED_CHARS = 1_000_000;

/** RU3: checks that everything the request names is the person's and makes sense, and routes it. Writes nothing. */
export async function prepareRun(
  resources: Resources,
  principal: Principal,
  request: RunRequest,
  once: Once = createOnce(),
): Promise<PreparedRun> {
  const scope = scoped(resources.db, principal);
  const { target } = request;
  const [, document] = await inOrder(
    once(`project ${request.projectId}`, () => scope.project(request.projectId)),
    once(`document ${request.documentId}`, () => scope.document(request.documentId)),
    target?.kind === 'device' ? once(`device ${target.deviceId}`, () => scope.device(target.deviceId)) : null,
  );
  if (document.projectId !== request.projectId)
    throw new AppError('bad_request', 'The document is not part of this project. Reload it and try again.');
  checkCode(request);
  const language = canonicalLanguage(request.language);
  const json = request as unknown as Prisma.InputJsonObject;
  const routed = { id: request.runId, userId: principal.userId, projectId: request.projectId, language, sessionName: request.sessionName };
  const asked = { ...routed, batchId: request.batchId ?? null, request: json as Prisma.JsonObject };
  const [route, changed] = await inOrder(
    once(`route ${language} ${JSON.stringify(target)}`, () => decideRoute(resources, asked)),
    codeChanged(resources, request, document.size, once),
  );
  return {
    existed: false,
    route,
    row: {
      ...routed,
      ...routeColumns(route),
      documentId: request.documentId,
      docPath: document.docPath,
      code: request.code,
      codeHash: request.codeHash,
      request: json,
      requestHash: requestHash(request),
      anchor: request.anchor ?? null,
      cellIndex: request.cellIndex ?? null,
      batchId: request.batchId ?? null,
      ordinal: request.ordinal ?? null,
      codeChanged: changed,
    },
  };
}

function checkCode(request: RunRequest): void {
  const json = JSON.stringify(request);
  if (cleanJson(json) !== json)
    throw new AppError(
      'bad_request',
      'The code contains characters that cannot be stored (NUL or broken Unicode). Remove them and try again.',
    );
  if (createHash('sha256').update(request.code, 'utf8').digest('hex') !== request.codeHash) {
    throw new AppError('bad_request', 'The code arrived damaged: its hash does not fit. Run it again.');
  }
}

/** RU2: the same whatever the order of the keys. */
export function requestHash(request: RunRequest): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
  };
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

/** Stored text older than this has seen every edit made before the tap, unless the client was offline. */
const SETTLED_MS = 10_000;

/**
 * RU3: whether no cell of the stored text holds the code any more. Best effort: the stored text follows an edit within 10 s (SY9), and
 * within that time a difference may just be text on its way, so nothing is marked.
 */
async function codeChanged(resources: Resources, request: RunRequest, size: number, once: Once): Promise<boolean> {
  if (request.cellIndex === undefined || size > MAX_COMPARED_CHARS) return false;
  const cells = await once(`cells ${request.documentId}`, () => settledCells(resources, request.documentId));
  if (!cells?.[request.cellIndex]) return false;
  return cells.every((other) => other.code.trimEnd() !== request.code.trimEnd());
}

/** The cells of the stored text, or null while it is too new to judge by. */
async function settledCells(resources: Resources, documentId: string) {
  const document = await resources.db.document.findUnique({ where: { id: documentId }, select: { contentText: true, updatedAt: true } });
  const settled = document && resources.clock.now().getTime() - document.updatedAt.getTime() >= SETTLED_MS;
  return settled ? parseCells(document.contentText) : null;
}

/** Asks each question once for all runs of a batch. */
export type Once = <T>(key: string, ask: () => Promise<T>) => Promise<T>;

export function createOnce(): Once {
  const answers = new Map<string, Promise<unknown>>();
  return <T>(key: string, ask: () => Promise<T>) => {
    const answer = (answers.get(key) as Promise<T> | undefined) ?? ask();
    answers.set(key, answer);
    return answer;
  };
}

/** Asks at once; rejects with the first failure in the order asked, so that the same request always hears the same. */
async function inOrder<T extends unknown[]>(...questions: T): Promise<{ [K in keyof T]: Awaited<T[K]> }> {
  const answers = await Promise.allSettled(questions);
  for (const answer of answers) if (answer.status === 'rejected') throw answer.reason;
  return answers.map((answer) => (answer as PromiseFulfilledResult<unknown>).value) as { [K in keyof T]: Awaited<T[K]> };
}
