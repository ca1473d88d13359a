import type { RequestedTarget, RouteReason, RouteTarget, RunRequest, RunState, RunView } from '@markco/core/run/run';
import type { AwaitedInput, RunCore } from '@markco/core/run/run-core';
import type { Prisma, Run } from '@markco/db/generated/client';

/** A row of `runs`, as the database holds it. */
export type RunRow = Run;

/** RU1: the columns `transition` decides about. */
export function toCore(row: RunRow): RunCore {
  return {
    state: row.state as RunState,
    attempt: row.attempt,
    deviceId: row.deviceId,
    awaitingInput: row.awaitingInput as AwaitedInput | null,
    cancelRequestedAt: row.cancelRequestedAt,
    forceRequestedAt: row.forceRequestedAt,
    stopUnreachedAt: row.stopUnreachedAt,
    contactLostSince: row.contactLostSince,
    heldSince: row.heldSince,
    exitReason: row.exitReason,
    offeredAt: row.offeredAt,
    grantedAt: row.grantedAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
  };
}

/** The request as the client sent it (RU2, RU3). */
export const requestOf = (row: Pick<RunRow, 'request'>): RunRequest => row.request as unknown as RunRequest;

/** Where the row says the run goes. */
export function targetOf(row: Pick<RunRow, 'targetKind' | 'deviceId'>): RouteTarget {
  if (row.targetKind === 'device' && row.deviceId) return { kind: 'device', deviceId: row.deviceId };
  return row.targetKind === 'cloud' ? { kind: 'cloud' } : { kind: 'queue' };
}

/** The place a granted run is bound to, null before. */
export function placeOf(row: Pick<RunRow, 'targetKind' | 'deviceId'>): RequestedTarget | null {
  const target = targetOf(row);
  return target.kind === 'queue' ? null : target;
}

/** What `toRunView` needs beside the run's own columns. */
export const withProjectSlug = { project: { select: { slug: true } } } satisfies Prisma.RunInclude;
export type RunRowWithSlug = RunRow & { project: { slug: string } };

/** RU14: one that was answered is not asked any more. */
const openQuestion = (asked: AwaitedInput | null): RunView['awaitingInput'] => (asked && !asked.answeredAt ? asked : null);

/** A run as watchers, the API and the editor see it. */
export function toRunView(row: RunRowWithSlug): RunView {
  return {
    id: row.id,
    projectId: row.projectId,
    documentId: row.documentId,
    docPath: row.docPath,
    projectSlug: row.project.slug,
    language: row.language,
    sessionName: row.sessionName,
    code: row.code,
    cellIndex: row.cellIndex,
    batchId: row.batchId,
    ordinal: row.ordinal,
    state: row.state as RunState,
    attempt: row.attempt,
    awaitingInput: openQuestion(row.awaitingInput as AwaitedInput | null),
    cancelRequestedAt: row.cancelRequestedAt,
    stopUnreachedAt: row.stopUnreachedAt,
    contactLostSince: row.contactLostSince,
    heldSince: row.heldSince,
    target: targetOf(row),
    reason: row.reason as RouteReason,
    why: row.routeDetail,
    anchor: row.anchor,
    freshSession: row.freshSession,
    ranOn: row.ranOn,
    codeChanged: row.codeChanged,
    message: row.message ?? (row.state === 'queued' ? row.routeDetail : null),
    exitReason: row.exitReason,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    lastSeq: row.lastSeq,
  };
}
