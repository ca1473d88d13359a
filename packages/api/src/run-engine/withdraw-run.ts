import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { tryRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import { wakeDispatchers } from './publish-run.ts';

/**
 * RU10: takes attempt n back, so that the run is routed again; the device is told, and a late ACCEPT of n gets DENY.
 * @param message what the person reads while the run waits again; null: the next route says it
 * @returns false when the offer is no longer open (accepted, cancelled or withdrawn by another process)
 */
export async function withdrawRun(
  resources: Resources,
  runId: string,
  attempt: number,
  reason: string,
  message: string | null = null,
): Promise<boolean> {
  return resources.sql.tx(async (tx) => {
    const run = await lockRun(tx, runId);
    if (!run) return false;
    const deviceId = run.deviceId;
    const keepDevice = run.targetKind === 'device' ? deviceId : null;
    const event = { type: 'withdraw' as const, at: resources.clock.now(), attempt, deviceId: keepDevice };
    if (!(await tryRunEvent(resources, tx, run, event, { message }))) return false;
    if (deviceId) tx.afterCommit(() => sendCommand(resources, deviceId, { kind: 'deny', userId: run.userId, runId, attempt, reason }));
    wakeDispatchers(resources, tx);
    return true;
  });
}
