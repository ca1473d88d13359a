import { MAX_RUNNING_PER_DEVICE } from '@markco/core/device/constants';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import type { WaitingRun } from './find-eligible.ts';
import { knowRun } from './known-runs.ts';
import { lockFreeRuns, lockNames, waitBriefly } from './lock-run.ts';
import { sendOffer, sessionKey } from './offer-run.ts';
import { publishRunChanged } from './publish-run.ts';
import { type DecidedRoute, isElsewhere, isStored, reportRoute, routeColumns } from './route-run.ts';
import { updateRun } from './run-columns.ts';
import type { RunRow } from './run-row.ts';
import { withdrawUnaccepted } from './withdraw-unaccepted.ts';

/** A run that goes to a computer of its person which is online. */
export interface RunForDevice {
  readonly run: WaitingRun;
  readonly route: DecidedRoute;
  readonly deviceId: string;
  readonly deviceName: string;
}

/**
 * RU9, RU10: claims many queued runs for their devices and offers them, in one transaction: each row is taken with SKIP LOCKED, and the
 * limits of RU8 are counted under the locks of all sessions and then all devices, always in the order of their names. A run whose row or
 * session somebody else has is left to them; one whose device is full says what it waits for.
 */
export async function offerRuns(resources: Resources, context: DispatchContext, runs: readonly RunForDevice[]): Promise<void> {
  const offered = await resources.sql.tx(async (tx) => {
    waitBriefly(tx);
    const unique = (names: string[]) => [...new Set(names)].sort();
    // Sent together: the rows are locked first, then the names, and what is counted is counted under them.
    const [rows, , active] = await Promise.all([
      lockFreeRuns(
        tx,
        runs.map(({ run }) => run.id),
      ),
      lockNames(tx, [...unique(runs.map(({ run }) => sessionKey(run))), ...unique(runs.map(({ deviceId }) => `device ${deviceId}`))]),
      activeOf(tx, unique(runs.map(({ run }) => run.userId))),
    ]);
    return offerWhereFree(resources, tx, runs, rows, active);
  });
  for (const { run, deviceId } of offered) withdrawUnaccepted(resources, context, run, deviceId);
}

async function offerWhereFree(
  resources: Resources,
  tx: SqlTx,
  runs: readonly RunForDevice[],
  rows: ReadonlyMap<string, RunRow>,
  active: readonly ActiveRun[],
): Promise<{ run: RunRow; deviceId: string }[]> {
  const inUse = new Set(active.map(sessionKey));
  const places = new Map<string, number>();
  const taken = (deviceId: string) => places.get(deviceId) ?? active.filter((run) => run.deviceId === deviceId).length;
  const offered = [];
  for (const { run, route, deviceId, deviceName } of runs) {
    const locked = rows.get(run.id);
    if (locked?.state !== 'queued' || locked.heldSince || locked.attempt !== run.attempt || inUse.has(sessionKey(run))) continue;
    if (isElsewhere(locked, route)) tx.afterCommit(() => reportRoute(resources, run, route));
    if (taken(deviceId) >= MAX_RUNNING_PER_DEVICE) {
      sayFull(resources, tx, locked, route, deviceName);
      continue;
    }
    inUse.add(sessionKey(run));
    places.set(deviceId, taken(deviceId) + 1);
    const { targetKind, reason, routeDetail } = routeColumns(route);
    const row = await sendOffer(resources, tx, locked, deviceId, { targetKind, reason, routeDetail }, run);
    knowRun(resources, tx, { row, deviceName });
    offered.push({ run: row, deviceId });
  }
  return offered;
}

const fullWords = (deviceName: string): string => `${deviceName} is running as much as it can; this waits for a place`;

/** Whether a run already says that it waits for a place on its device, and the device is still full. */
export const saysFull = ({ run, route, deviceName }: RunForDevice): boolean =>
  (route.device?.active ?? 0) >= MAX_RUNNING_PER_DEVICE && isStored(run, route) && run.message === fullWords(deviceName);

/** What a run waits for that is not offered, once. */
function sayFull(resources: Resources, tx: SqlTx, run: RunRow, route: DecidedRoute, deviceName: string): void {
  const message = fullWords(deviceName);
  if (run.message === message && isStored(run, route)) return;
  publishRunChanged(resources, tx, updateRun(tx, run, { ...routeColumns(route), message }));
}

type ActiveRun = Pick<RunRow, 'userId' | 'projectId' | 'language' | 'sessionName' | 'deviceId'>;

/** What is under way of these people: also everything on their computers, which run nobody else's. */
const activeOf = (tx: SqlTx, userIds: readonly string[]): Promise<ActiveRun[]> =>
  tx.rows<ActiveRun>(
    `SELECT user_id AS "userId", project_id AS "projectId", language, session_name AS "sessionName", device_id AS "deviceId"
     FROM runs WHERE state IN ('offered', 'running') AND user_id = ANY($1::uuid[])`,
    [userIds],
  );
