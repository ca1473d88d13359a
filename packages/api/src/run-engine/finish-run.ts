import type { Tx } from '@markco/db/client';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { tryRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import { wakeDispatchers } from './publish-run.ts';
import { metricsOf } from './run-metrics.ts';
import type { RunRow } from './run-row.ts';

/**
 * What the end of a run brings: its number in the metrics, the session's last use, a withdrawn offer told to its device, the rest of
 * its batch (RU4), and a wake-up for whatever waited for the session.
 */
export async function finishRun(resources: Resources, tx: Tx, before: RunRow, after: RunRow): Promise<void> {
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
  });
  if (before.state === 'offered' && before.deviceId) {
    const deviceId = before.deviceId;
    const reason = `the run is ${after.state}`;
    tx.afterCommit(() =>
      sendCommand(resources, deviceId, { kind: 'deny', userId: after.userId, runId: after.id, attempt: before.attempt, reason }),
    );
  }
  if (after.grantedAt) await touchSession(tx, after);
  if (after.batchId && after.state !== 'completed' && after.exitReason !== 'upstream_failed') await failBatch(resources, tx, after);
  wakeDispatchers(resources, tx);
}

async function touchSession(tx: Tx, run: RunRow): Promise<void> {
  await tx.runtimeSession.updateMany({
    where: { userId: run.userId, projectId: run.projectId, language: run.language, name: run.sessionName },
    data: { lastUsedAt: run.endedAt ?? new Date() },
  });
}

/** RU4: what comes later in the batch does not start any more. Always in the order of the batch, so that two endings cannot wait for each other. */
async function failBatch(resources: Resources, tx: Tx, run: RunRow): Promise<void> {
  const rest = await tx.run.findMany({
    where: { userId: run.userId, batchId: run.batchId, ordinal: { gt: run.ordinal ?? 0 }, state: { in: ['queued', 'offered'] } },
    orderBy: { ordinal: 'asc' },
    select: { id: true },
  });
  for (const { id } of rest) {
    const locked = await lockRun(tx, id);
    if (locked) await tryRunEvent(resources, tx, locked, { type: 'upstreamFailed', at: run.endedAt ?? new Date() });
  }
}
