import type { RunRequest, RunView } from '@markco/core/run/run';
import type { SqlTx } from '@markco/db/sql';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { dispatchContextOf } from './dispatch-context.ts';
import { insertRuns } from './insert-runs.ts';
import { knowRun } from './known-runs.ts';
import { countActive, offerNewRun } from './offer-run.ts';
import { type PreparedRun, prepareRun } from './prepare-run.ts';
import { handOverAfter } from './publish-run.ts';
import { reportRoute } from './route-run.ts';
import { type RunRow, toRunView, withProjectSlug } from './run-row.ts';
import { withdrawUnaccepted } from './withdraw-unaccepted.ts';

/**
 * RU2, RU3: makes a run from a request with a client-made id, routes it, and offers it with the same commit where its device is online
 * and free; else the dispatcher of this process looks at its session after the commit. The same id and body answers the same run again.
 * @throws AppError not_found (project, document, chosen device), bad_request, idempotency_conflict, limit_reached (RU8)
 */
export async function createRun(resources: Resources, principal: Principal, request: RunRequest): Promise<RunView> {
  const prepared = await prepareRun(resources, principal, request);
  const made = await resources.sql.tx((tx) => insertAndOffer(resources, tx, principal, prepared));
  if (!made) return toRunView(await resources.db.run.findUniqueOrThrow({ where: { id: request.runId }, include: withProjectSlug }));
  reportRoute(resources, { ...prepared.row, userId: principal.userId }, prepared.route);
  if (made.state === 'offered' && made.deviceId) withdrawUnaccepted(resources, dispatchContextOf(resources), made, made.deviceId);
  return toRunView({ ...made, project: { slug: prepared.place.projectSlug } });
}

/** The new row; null where the run was there before. */
async function insertAndOffer(resources: Resources, tx: SqlTx, principal: Principal, prepared: PreparedRun): Promise<RunRow | null> {
  const { route, place } = prepared;
  const deviceId = route.target.kind === 'device' && route.online && !prepared.row.batchId ? route.target.deviceId : null;
  // Sent together: the locks are taken in this order, and what is counted is counted under them.
  const [[row], active] = await Promise.all([
    insertRuns(resources, tx, principal, [prepared]),
    deviceId ? countActive(tx, prepared.row, deviceId) : null,
  ]);
  if (!row) return null;
  const offered = deviceId && active ? await offerNewRun(resources, tx, row, deviceId, active, place) : null;
  if (offered && route.device) knowRun(resources, tx, { row: offered, deviceName: route.device.name });
  // The run before it in its session may have ended while this one was on its way.
  if (!offered) handOverAfter(resources, tx, row, false);
  return offered ?? row;
}
