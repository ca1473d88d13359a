import { MAX_QUEUED_PER_PROJECT } from '@markco/core/device/constants';
import { AppError } from '@markco/core/errors';
import type { SqlTx } from '@markco/db/sql';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { lockName } from './lock-run.ts';
import type { PreparedRun } from './prepare-run.ts';
import { publishRunChanged } from './publish-run.ts';
import { insertRun } from './run-columns.ts';
import type { RunRow } from './run-row.ts';

/**
 * RU2, RU4, RU8: inserts prepared runs in one transaction, all or none. Those that are there already with the same request are left
 * alone and marked `existed`. The caller wakes the dispatchers, or offers at once.
 * @returns the rows that are new
 * @throws AppError idempotency_conflict, limit_reached
 */
export async function insertRuns(resources: Resources, tx: SqlTx, principal: Principal, prepared: PreparedRun[]): Promise<RunRow[]> {
  const projectId = prepared[0]!.row.projectId;
  const [, known, queued] = await Promise.all([
    // One creator a project at a time, so that two requests cannot both take the last free place.
    lockName(tx, `queue ${projectId}`),
    findKnown(tx, prepared),
    countQueued(tx, projectId),
  ]);
  markExisting(principal, prepared, known);
  const fresh = prepared.filter((run) => !run.existed);
  if (fresh.length === 0) return [];
  checkQueue(queued, fresh.length);
  const createdAt = resources.clock.now();
  const inserted = fresh.map(({ row }) => insertRun(tx, { ...row, createdAt }));
  for (const row of inserted) publishRunChanged(resources, tx, row);
  return inserted;
}

interface Known {
  id: string;
  userId: string;
  requestHash: string;
}

const findKnown = (tx: SqlTx, prepared: PreparedRun[]): Promise<Known[]> =>
  tx.rows<Known>('SELECT id, user_id AS "userId", request_hash AS "requestHash" FROM runs WHERE id = ANY($1::uuid[])', [
    prepared.map((run) => run.row.id),
  ]);

function markExisting(principal: Principal, prepared: PreparedRun[], rows: readonly Known[]): void {
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

async function countQueued(tx: SqlTx, projectId: string): Promise<number> {
  const [counted] = await tx.rows<{ queued: number }>(
    `SELECT count(*)::int AS queued FROM runs WHERE project_id = $1::uuid AND state IN ('queued', 'offered')`,
    [projectId],
  );
  return counted?.queued ?? 0;
}

function checkQueue(queued: number, adding: number): void {
  if (queued + adding <= MAX_QUEUED_PER_PROJECT) return;
  throw new AppError(
    'limit_reached',
    `${queued} runs of this project are waiting and at most ${MAX_QUEUED_PER_PROJECT} may. Wait for some to finish, or cancel some.`,
    { details: { limit: 'queued_per_project', max: MAX_QUEUED_PER_PROJECT, queued } },
  );
}
