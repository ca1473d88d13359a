import { createHash } from 'node:crypto';
import { parseCells } from '@markco/core/document/cells';
import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { RunRequest } from '@markco/core/run/run';
import type { Prisma } from '@markco/db/client';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { type Place, scoped, scopedSql } from '../scope.ts';
import { inOrder } from './in-order.ts';
import { type DecidedRoute, decideRoute, routeColumns } from './route-run.ts';
import type { NewRunData } from './run-columns.ts';
import { cleanJson } from './stored-event.ts';

/** The columns of a run that do not come from the database. */
export type NewRun = Omit<NewRunData, 'createdAt'>;

/** A run ready to be inserted. `existed` is set by the insert when it was there already (RU2). */
export interface PreparedRun {
  row: NewRun;
  route: DecidedRoute;
  place: Place;
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
  const { projectId, documentId, target } = request;
  const language = canonicalLanguage(request.language);
  const json = request as unknown as Prisma.JsonObject;
  const routed = { id: request.runId, userId: principal.userId, projectId: request.projectId, language, sessionName: request.sessionName };
  const asked = { ...routed, batchId: request.batchId ?? null, request: json };
  const [place, , route, changed] = await inOrder(
    once(`place ${projectId} ${documentId}`, () => scopedSql(resources.sql, principal).place(projectId, documentId)),
    target?.kind === 'device' ? once(`device ${target.deviceId}`, () => scoped(resources.db, principal).device(target.deviceId)) : null,
    once(`route ${language} ${JSON.stringify(target)}`, () => decideRoute(resources, asked)),
    codeChanged(resources, principal, request, once),
  );
  if (place.documentProjectId !== projectId)
    throw new AppError('bad_request', 'The document is not part of this project. Reload it and try again.');
  checkCode(request);
  return {
    existed: false,
    route,
    place,
    row: {
      ...routed,
      ...routeColumns(route),
      documentId: request.documentId,
      docPath: place.docPath,
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
async function codeChanged(resources: Resources, principal: Principal, request: RunRequest, once: Once): Promise<boolean> {
  if (request.cellIndex === undefined) return false;
  const cells = await once(`cells ${request.documentId}`, () => settledCells(resources, principal, request.documentId));
  if (!cells?.[request.cellIndex]) return false;
  return cells.every((other) => other.code.trimEnd() !== request.code.trimEnd());
}

/** The cells of the stored text, or null while it is too new to judge by. */
async function settledCells(resources: Resources, { userId }: Principal, documentId: string) {
  const before = new Date(resources.clock.now().getTime() - SETTLED_MS);
  const [document] = await resources.sql.rows<{ text: string }>(
    'SELECT content_text AS text FROM documents WHERE id = $1::uuid AND updated_at <= $2::timestamptz AND size <= $3 AND user_id = $4::uuid',
    [documentId, before, MAX_COMPARED_CHARS, userId],
  );
  return document ? parseCells(document.text) : null;
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
