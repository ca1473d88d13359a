import type { SqlRunner } from '@markco/db/sql';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import type { RunRow } from './run-row.ts';

/**
 * RU12: interrupts code that outlived the end its run was given, where the person wanted an end, or where it asks what nobody is asked any
 * more: it would keep its session from everyone for ever.
 */
export function stopOutlived(resources: Resources, deviceId: string, run: RunRow): Promise<void> {
  const { id: runId, userId, forceRequestedAt } = run;
  return sendCommand(resources, deviceId, { kind: 'cancel', userId, runId, force: forceRequestedAt !== null });
}

/**
 * RU12: a device that was taken for lost speaks again on the socket it had, so no RESUME says what it still runs: it is told what the person
 * gave up meanwhile.
 * @param openedAt when that socket opened; what was given up before is told on RESUME
 */
export async function stopGivenUp(resources: Resources, deviceId: string, openedAt: Date): Promise<void> {
  const runs = await resources.db.run.findMany({
    where: { deviceId, state: 'interrupted', exitReason: 'device_lost', cancelRequestedAt: { not: null }, endedAt: { gte: openedAt } },
  });
  for (const run of runs) await stopOutlived(resources, deviceId, run);
}

/** Whether the last question of a run, as far as its events are here, has no answer. */
export async function asksStill(tx: SqlRunner, runId: string): Promise<boolean> {
  const [last] = await tx.rows<{ kind: string }>(
    `SELECT kind FROM run_events WHERE run_id = $1::uuid AND kind IN ('stdin_request', 'stdin_answered', 'ended') ORDER BY seq DESC LIMIT 1`,
    [runId],
  );
  return last?.kind === 'stdin_request';
}
