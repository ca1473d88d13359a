import type { SqlTx } from '@markco/db/sql';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { handOverAfter } from './publish-run.ts';
import { reportRestart } from './report-restart.ts';
import { metricsOf } from './run-metrics.ts';
import type { RunRow } from './run-row.ts';

/**
 * What the end of a run brings: its number in the metrics, the session's last use, a withdrawn offer told to its device, and the
 * session's hand-over to whatever waited for it. The rest of its batch is ended by apply-run-event.ts.
 */
export function finishRun(resources: Resources, tx: SqlTx, before: RunRow, after: RunRow): void {
  tx.afterCommit(() => {
    metricsOf(resources).ended(after);
    resources.log.info(
      {
        user_id: after.userId,
        run_id: after.id,
        device_id: after.deviceId,
        project_id: after.projectId,
        route_target: after.targetKind,
        reason: after.exitReason,
        state: after.state,
      },
      'run ended',
    );
    if (after.exitReason === 'force_stopped') reportRestart(resources, after, 'forced');
  });
  if (before.state === 'offered' && before.deviceId) {
    const deviceId = before.deviceId;
    const reason = `the run is ${after.state}`;
    tx.afterCommit(() =>
      sendCommand(resources, deviceId, { kind: 'deny', userId: after.userId, runId: after.id, attempt: before.attempt, reason }),
    );
  }
  if (after.grantedAt) touchSession(tx, after);
  handOverAfter(resources, tx, after, true);
}

function touchSession(tx: SqlTx, run: RunRow): void {
  tx.write(
    `UPDATE runtime_sessions SET last_used_at = $5::timestamptz
     WHERE user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND name = $4`,
    [run.userId, run.projectId, run.language, run.sessionName, run.endedAt ?? new Date()],
  );
}
