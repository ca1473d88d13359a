import type { RunRequest, RunView } from '@markco/core/run/run';
import { inTx } from '@markco/db/in-tx';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { insertRuns } from './insert-runs.ts';
import { prepareRun } from './prepare-run.ts';
import { reportRoute } from './route-run.ts';
import { toRunView, withProjectSlug } from './run-row.ts';

/**
 * RU2, RU3: makes a run from a request with a client-made id and routes it; dispatchers hear of it after the commit. The same id and
 * body answers the same run again.
 * @throws AppError not_found (project, document, chosen device), bad_request, idempotency_conflict, limit_reached (RU8)
 */
export async function createRun(resources: Resources, principal: Principal, request: RunRequest): Promise<RunView> {
  const prepared = await prepareRun(resources, principal, request);
  await inTx(resources.db, (tx) => insertRuns(resources, tx, principal, [prepared]));
  if (!prepared.existed) reportRoute(resources, { ...prepared.row, userId: principal.userId }, prepared.route);
  return toRunView(await resources.db.run.findUniqueOrThrow({ where: { id: request.runId }, include: withProjectSlug }));
}
