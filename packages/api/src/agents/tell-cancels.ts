import type { Resources } from '../resources.ts';
import { connectionsOf } from './connections.ts';

/** How long the bus has to bring a cancel, in ms; a second word about the same one would be a second interrupt. */
const HINT_ARRIVES_MS = 2_000;

interface Cancel {
  runId: string;
  userId: string;
  deviceId: string;
  force: boolean;
  at: Date;
}

/**
 * RU12: a cancel is a fact in the row of its run, and the bus only hurries it: the process that holds the socket of the device finds here
 * what that socket was not told, whatever became of the bus or of the process that took the request.
 */
export async function tellCancels(resources: Resources): Promise<void> {
  const connections = connectionsOf(resources);
  const here = connections.all();
  if (here.length === 0) return;
  const told = here.flatMap(({ cancels }) => cancels.runIds().map((runId) => ({ cancels, runId })));
  const asked = await resources.sql.rows<Cancel>(
    `SELECT id AS "runId", user_id AS "userId", device_id AS "deviceId", force_requested_at IS NOT NULL AS force,
       coalesce(force_requested_at, cancel_requested_at) AS at
     FROM runs WHERE state = 'running' AND cancel_requested_at IS NOT NULL AND device_id = ANY($1::uuid[])`,
    [here.map(({ deviceId }) => deviceId)],
  );
  const open = new Set(asked.map(({ runId }) => runId));
  for (const { cancels, runId } of told) if (!open.has(runId)) cancels.forget(runId);
  const since = resources.clock.now().getTime() - HINT_ARRIVES_MS;
  for (const { runId, userId, deviceId, force, at } of asked) {
    const connection = connections.get(deviceId);
    if (!connection || connection.cancels.has(runId, force) || at.getTime() > since) continue;
    resources.log.info({ run_id: runId, device_id: deviceId, force }, 'a cancel was found in its row and told');
    await connections.send(deviceId, { kind: 'cancel', userId, runId, force });
  }
}
