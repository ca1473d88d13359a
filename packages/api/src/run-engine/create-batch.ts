import { AppError } from '@markco/core/errors';
import type { RunRequest, RunView } from '@markco/core/run/run';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { insertRuns } from './insert-runs.ts';
import { createOnce, type PreparedRun, prepareRun } from './prepare-run.ts';
import { wakeDispatchers } from './publish-run.ts';
import { reportRoute } from './route-run.ts';
import { toRunView, withProjectSlug } from './run-row.ts';

/**
 * RU4: makes all runs of a batch or none. Their order is the order given; they share project and session name, and a later one starts
 * only when everything before it has completed.
 * @throws AppError as createRun, and bad_request when the runs do not belong together
 */
export async function createBatch(
  resources: Resources,
  principal: Principal,
  batchId: string,
  requests: readonly RunRequest[],
): Promise<RunView[]> {
  const runs = requests.map((request, index) => ({ ...request, batchId, ordinal: index }));
  checkTogether(runs);
  const prepared: PreparedRun[] = [];
  const once = createOnce();
  for (const run of runs) prepared.push(await prepareRun(resources, principal, run, once));
  await resources.sql.tx(async (tx) => {
    await insertRuns(resources, tx, principal, prepared);
    wakeDispatchers(resources, tx);
  });
  for (const { row, route, existed } of prepared) if (!existed) reportRoute(resources, { ...row, userId: principal.userId }, route);
  const ids = runs.map((run) => run.runId);
  const rows = await resources.db.run.findMany({ where: { id: { in: ids } }, include: withProjectSlug, orderBy: { ordinal: 'asc' } });
  return rows.map(toRunView);
}

function checkTogether(runs: readonly RunRequest[]): void {
  const first = runs[0]!;
  if (runs.some((run) => run.projectId !== first.projectId || run.sessionName !== first.sessionName)) {
    throw new AppError('bad_request', 'The runs of a batch belong to one project and one session. Send them as separate batches.');
  }
  if (new Set(runs.map((run) => run.runId)).size !== runs.length)
    throw new AppError('bad_request', 'Two runs of this batch have the same id.');
}
