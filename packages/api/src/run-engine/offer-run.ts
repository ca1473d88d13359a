import { MAX_RUNNING_PER_DEVICE } from '@markco/core/device/constants';
import type { SqlTx } from '@markco/db/sql';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import type { Place } from '../scope.ts';
import { applyRunEvent } from './apply-run-event.ts';
import type { WaitingRun } from './find-eligible.ts';
import { lockName, lockRun } from './lock-run.ts';
import type { RunRow } from './run-row.ts';
import { toOffer } from './to-offer.ts';

/** A worker refuses with `limit` when it is full; this only keeps a runaway from flooding one. */
const MAX_RUNNING_PER_WORKER = 64;

/** The name of a runtime session for locks: at most one offered or running run each (RU8). */
export const sessionKey = (run: Pick<RunRow, 'userId' | 'projectId' | 'language' | 'sessionName'>): string =>
  `session ${run.userId} ${run.projectId} ${run.language} ${run.sessionName}`;

/**
 * RU9, RU10: claims a queued run for a device and offers it. One process wins: the row is taken with SKIP LOCKED, and the
 * limits of RU8 are counted under the locks of the session and of the device.
 * @param run as it was routed: its target and reason are stored with the offer
 * @returns the offered row; `full` when the device runs as much as it may; `taken` when another process has it or its session is in use
 */
export async function offerRun(resources: Resources, run: WaitingRun, deviceId: string): Promise<RunRow | 'full' | 'taken'> {
  return resources.sql.tx(async (tx) => {
    // Sent together: the row is locked first, then the names, and what is counted is counted under them.
    const [locked, { session, device }] = await Promise.all([lockRun(tx, run.id, { skipLocked: true }), countActive(tx, run, deviceId)]);
    if (locked?.state !== 'queued' || locked.heldSince || locked.attempt !== run.attempt) return 'taken';
    if (session > 0) return 'taken';
    if (device >= (run.targetKind === 'cloud' ? MAX_RUNNING_PER_WORKER : MAX_RUNNING_PER_DEVICE)) return 'full';
    // Another process, which may know other devices to be unfit, may have routed the row elsewhere since: what is offered is what holds.
    const { targetKind, reason, routeDetail, projectSlug, projectName } = run;
    return sendOffer(resources, tx, locked, deviceId, { targetKind, reason, routeDetail }, { projectSlug, projectName });
  });
}

/**
 * RU9, RU10: offers a run in the transaction that made it, so that a tap costs one commit where its device is free.
 * @param active what {@link countActive} counted in this transaction before; @param place where the run belongs, for the offer's words
 * @returns the offered row; null where it has to wait: the dispatcher takes it then
 */
export async function offerNewRun(
  resources: Resources,
  tx: SqlTx,
  run: RunRow,
  deviceId: string,
  active: Active,
  place: Place,
): Promise<RunRow | null> {
  const { session, device, waiting } = active;
  if (session > 0 || waiting > 0 || device >= MAX_RUNNING_PER_DEVICE) return null;
  return sendOffer(resources, tx, run, deviceId, {}, place);
}

/** Offers a row this transaction holds, under the locks of its session and its device. */
export async function sendOffer(
  resources: Resources,
  tx: SqlTx,
  run: RunRow,
  deviceId: string,
  route: Partial<Pick<RunRow, 'targetKind' | 'reason' | 'routeDetail'>>,
  place: Pick<Place, 'projectSlug' | 'projectName'>,
): Promise<RunRow> {
  const attempt = run.attempt + 1;
  const at = resources.clock.now();
  const offered = await applyRunEvent(resources, tx, run, { type: 'offer', at, attempt, deviceId }, { message: null, ...route });
  const command = { kind: 'offer' as const, userId: run.userId, runId: run.id, attempt };
  const offer = toOffer(offered, { slug: place.projectSlug, name: place.projectName });
  tx.afterCommit(() => sendCommand(resources, deviceId, command, offer), 'first');
  return offered;
}

export interface Active {
  /** Offered or running in the run's session. */
  session: number;
  /** Others that wait in its session. */
  waiting: number;
  /** Offered to or running on the device. */
  device: number;
}

type Counted = Pick<RunRow, 'id' | 'userId' | 'projectId' | 'language' | 'sessionName'>;

/** What is under way in the run's session and on the device, counted under the locks of both: always in this order. */
export async function countActive(tx: SqlTx, run: Counted, deviceId: string): Promise<Active> {
  const locked = lockName(tx, sessionKey(run), `device ${deviceId}`);
  const { userId, projectId, language, sessionName, id } = run;
  const counting = tx.rows<Active>(
    `SELECT
      (count(*) FILTER (WHERE own AND state <> 'queued'))::int AS session,
      (count(*) FILTER (WHERE own AND state = 'queued' AND held_since IS NULL AND id <> $6::uuid))::int AS waiting,
      (count(*) FILTER (WHERE device_id = $5::uuid AND state <> 'queued'))::int AS device
     FROM (
       SELECT id, state, held_since, device_id,
         (user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND session_name = $4) AS own
       FROM runs WHERE state IN ('queued', 'offered', 'running')) AS open`,
    [userId, projectId, language, sessionName, deviceId, id],
  );
  const [, [counted]] = await Promise.all([locked, counting]);
  return counted!;
}
