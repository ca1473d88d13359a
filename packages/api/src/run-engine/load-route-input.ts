import type { RuntimeInfo } from '@markco/core/device/device';
import type { RouteDevice, RouteRequest, RouteSession, RouteSettings } from '@markco/core/routing/route-input';
import type { RequestedTarget } from '@markco/core/run/run';
import type { DbOrTx } from '@markco/db/client';
import { agentAllowsRuns, reachablePresence } from '../agents/device-view.ts';
import { placeOf, type RunRow, requestOf } from './run-row.ts';
import type { Unfit } from './unfit-memory.ts';

/** What of a run (or of one about to be created) decides its route. */
export type RoutedRun = Pick<RunRow, 'id' | 'userId' | 'projectId' | 'language' | 'sessionName' | 'batchId' | 'request'>;

/** Devices that failed this run a moment ago, with why in words for the person. */
export type UnfitDevices = ReadonlyMap<string, Unfit>;

export interface RouteInput {
  request: RouteRequest;
  devices: RouteDevice[];
  session: RouteSession | null;
  settings: RouteSettings;
}

/** Reads everything `chooseTarget` wants to know (RU5); one round of small queries. */
export async function loadRouteInput(db: DbOrTx, run: RoutedRun, now: Date, unfit: UnfitDevices = new Map()): Promise<RouteInput> {
  const [devices, session, user, project, batchTarget] = await Promise.all([
    loadDevices(db, run.userId, now, unfit),
    loadSession(db, run),
    db.user.findUniqueOrThrow({ where: { id: run.userId }, select: { fallbackToCloud: true, defaultTarget: true } }),
    db.project.findUniqueOrThrow({ where: { id: run.projectId }, select: { fallbackToCloud: true } }),
    loadBatchTarget(db, run),
  ]);
  return {
    request: { projectId: run.projectId, language: run.language, target: requestOf(run).target ?? null, batchTarget },
    devices,
    session,
    settings: {
      now,
      fallbackToCloud: user.fallbackToCloud,
      projectFallbackToCloud: project.fallbackToCloud,
      defaultTarget: user.defaultTarget as RequestedTarget | null,
    },
  };
}

async function loadDevices(db: DbOrTx, userId: string, now: Date, unfit: UnfitDevices): Promise<RouteDevice[]> {
  const rows = await db.device.findMany({
    where: { userId, revokedAt: null, kind: { not: 'worker' } },
    include: {
      runtimes: { select: { language: true, state: true } },
      attachments: { select: { projectId: true } },
      capability: { select: { snapshot: true } },
      _count: { select: { runs: { where: { state: { in: ['offered', 'running'] } } } } },
    },
  });
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    presence: unfit.get(row.id)?.away ? 'offline' : reachablePresence(row, now),
    allowRuns: row.allowRuns && agentAllowsRuns(row),
    projectIds: row.attachments.map((a) => a.projectId),
    runtimes: row.runtimes as Pick<RuntimeInfo, 'language' | 'state'>[],
    lastSeenAt: row.lastSeenAt,
    active: row._count.runs,
    unfit: unfit.get(row.id)?.why ?? null,
  }));
}

/** RU6: the pinned session of a run. */
export async function loadSession(db: DbOrTx, run: Omit<RoutedRun, 'request' | 'id' | 'batchId'>): Promise<RouteSession | null> {
  const row = await db.runtimeSession.findUnique({
    where: {
      userId_projectId_language_name: { userId: run.userId, projectId: run.projectId, language: run.language, name: run.sessionName },
    },
  });
  if (!row) return null;
  return { target: row.target === 'cloud' ? 'cloud' : 'device', deviceId: row.deviceId, lastUsedAt: row.lastUsedAt, endedAt: row.endedAt };
}

/** RU4: where a run of the same batch and session was granted. */
async function loadBatchTarget(db: DbOrTx, run: RoutedRun): Promise<RequestedTarget | null> {
  if (!run.batchId) return null;
  const granted = await db.run.findFirst({
    where: { userId: run.userId, batchId: run.batchId, language: run.language, sessionName: run.sessionName, grantedAt: { not: null } },
    orderBy: { ordinal: 'desc' },
    select: { targetKind: true, deviceId: true },
  });
  return granted && placeOf(granted);
}
