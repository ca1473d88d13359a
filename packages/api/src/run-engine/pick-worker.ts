import { canonicalLanguage } from '@markco/core/routing/languages';
import type { DbOrTx } from '@markco/db/client';
import { reachablePresence } from '../agents/device-view.ts';
import type { UnfitDevices } from './load-route-input.ts';
import type { RunRow } from './run-row.ts';

/**
 * AG6: the worker for a cloud run: the one that holds the session's sandbox, else the least loaded one with the language.
 * Null while no worker is connected that can take it.
 */
export async function pickWorker(
  db: DbOrTx,
  run: Pick<RunRow, 'userId' | 'projectId' | 'language' | 'sessionName'>,
  now: Date,
  unfit: UnfitDevices = new Map(),
): Promise<string | null> {
  const workers = await db.device.findMany({
    where: { kind: 'worker', revokedAt: null, allowRuns: true, presence: { not: 'offline' } },
    include: {
      runtimes: { select: { language: true } },
      _count: { select: { runs: { where: { state: { in: ['offered', 'running'] } } } } },
    },
  });
  const able = workers.filter(
    (worker) =>
      reachablePresence(worker, now) === 'online' &&
      !unfit.has(worker.id) &&
      worker.runtimes.some((r) => canonicalLanguage(r.language) === canonicalLanguage(run.language)),
  );
  const session = await db.runtimeSession.findUnique({
    where: {
      userId_projectId_language_name: { userId: run.userId, projectId: run.projectId, language: run.language, name: run.sessionName },
    },
  });
  const holder = session?.target === 'cloud' && !session.endedAt && able.find((worker) => worker.id === session.deviceId);
  if (holder) return holder.id;
  able.sort((a, b) => a._count.runs - b._count.runs || (a.id < b.id ? -1 : 1));
  return able[0]?.id ?? null;
}
