import { MAX_QUEUED_PER_PROJECT } from '@markco/core/device/constants';
import { AppError } from '@markco/core/errors';
import type { Tx } from '@markco/db/client';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { lockName } from './lock-run.ts';
import type { PreparedRun } from './prepare-run.ts';
import { publishRunChanged, wakeDispatchers } from './publish-run.ts';

/**
 * RU2, RU4, RU8: inserts prepared runs in one transaction, all or none. Those that are there already with the same request are left
 * alone and marked `existed`.
 * @throws AppError idempotency_conflict, limit_reached
 */
export async function insertRuns(resources: Resources, tx: Tx, principal: Principal, prepared: PreparedRun[]): Promise<void> {
  const projectId = prepared[0]!.row.projectId;
  // One creator a project at a time, so that two requests cannot both take the last free place.
  await lockName(tx, `queue ${projectId}`);
  await markExisting(tx, principal, prepared);
  const fresh = prepared.filter((run) => !run.existed);
  if (fresh.length === 0) return;
  await checkQueue(tx, projectId, fresh.length);
  const createdAt = resources.clock.now();
  await tx.run.createMany({ data: fresh.map(({ row }) => ({ ...row, createdAt })) });
  for (const { row } of fresh) publishRunChanged(resources, tx, row);
  wakeDispatchers(resources, tx);
}

async function markExisting(tx: Tx, principal: Principal, prepared: PreparedRun[]): Promise<void> {
  const rows = await tx.run.findMany({
    where: { id: { in: prepared.map((run) => run.row.id) } },
    select: { id: true, userId: true, requestHash: true },
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const run of prepared) {
    const known = byId.get(run.row.id);
    run.existed = known !== undefined;
    if (!known) continue;
    if (known.userId !== principal.userId || known.requestHash !== run.row.requestHash) {
      throw new AppError('idempotency_conflict', 'A different run with this id exists. Nothing was started; run the cell again.', {
        details: { runId: run.row.id },
      });
    }
  }
}

async function checkQueue(tx: Tx, projectId: string, adding: number): Promise<void> {
  const queued = await tx.run.count({ where: { projectId, state: { in: ['queued', 'offered'] } } });
  if (queued + adding <= MAX_QUEUED_PER_PROJECT) return;
  throw new AppError(
    'limit_reached',
    `${queued} runs of this project are waiting and at most ${MAX_QUEUED_PER_PROJECT} may. Wait for some to finish, or cancel some.`,
    { details: { limit: 'queued_per_project', max: MAX_QUEUED_PER_PROJECT, queued } },
  );
}
