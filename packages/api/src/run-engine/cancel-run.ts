import { isTerminal, type RunState } from '@markco/core/run/run';
import { sendCommand } from '../agents/send-command.ts';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { scoped } from '../scope.ts';
import { applyRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import { publishRunChanged } from './publish-run.ts';
import { updateRun } from './run-columns.ts';
import type { RunRow } from './run-row.ts';

/**
 * RU12: cancels a run: one that has not started at once, one that runs by asking its device (now, or first thing when it is back).
 * `force` ends the runtime and its variables; on a run nobody can reach it is the person saying that it is lost (RU11).
 * Cancelling what has ended already changes nothing.
 * @throws AppError not_found
 */
export async function cancelRun(resources: Resources, principal: Principal, runId: string, force: boolean): Promise<RunRow> {
  await scoped(resources.db, principal).run(runId);
  return resources.sql.tx(async (tx) => {
    const run = (await lockRun(tx, runId))!;
    if (isTerminal(run.state as RunState)) return run;
    const at = resources.clock.now();
    if (force && run.state === 'running' && run.contactLostSince) {
      const lost = await applyRunEvent(resources, tx, run, { type: 'cancelRequested', at, force });
      return applyRunEvent(resources, tx, lost, { type: 'interrupted', at, reason: 'device_lost' });
    }
    const asked = await applyRunEvent(resources, tx, run, { type: 'cancelRequested', at, force });
    if (asked.state !== 'running' || !asked.deviceId) return asked;
    const deviceId = asked.deviceId;
    const message = force ? 'Stopping by force…' : 'Stopping…';
    tx.afterCommit(() => sendCommand(resources, deviceId, { kind: 'cancel', userId: run.userId, runId, force }));
    const told = updateRun(tx, asked, { message });
    publishRunChanged(resources, tx, told);
    return told;
  });
}
