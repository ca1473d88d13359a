import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { tryRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import { pinSession } from './pin-session.ts';
import { metricsOf } from './run-metrics.ts';
import type { RunRow } from './run-row.ts';

export type AcceptOutcome = 'granted' | 'denied';

/**
 * RU10: an agent took attempt n. One grant a run: a compare-and-set on (state, attempt) under the row's lock. A repeated ACCEPT of the
 * granted attempt gets the grant again while nothing started; every other one gets DENY.
 */
export async function acceptRun(resources: Resources, deviceId: string, runId: string, attempt: number): Promise<AcceptOutcome> {
  // Asked while the row is being locked; the transaction waits for it before it ends.
  const device = resources.db.device.findUnique({ where: { id: deviceId }, select: { name: true } }).catch(() => null);
  return inTx(resources.db, async (tx) => {
    const run = await lockRun(tx, runId);
    if (!run) return 'denied';
    const at = resources.clock.now();
    const name = run.targetKind === 'cloud' ? 'Cloud' : ((await device)?.name ?? null);
    const granted = await tryRunEvent(resources, tx, run, { type: 'grant', at, attempt, deviceId }, { ranOn: name });
    if (granted) await onGrant(resources, tx, granted);
    const again =
      run.state === 'running' && run.attempt === attempt && run.deviceId === deviceId && run.startedAt === null && run.lastSeq === 0;
    const ok = Boolean(granted) || again;
    const command = { userId: run.userId, runId, attempt };
    tx.afterCommit(() =>
      sendCommand(
        resources,
        deviceId,
        ok ? { kind: 'grant', ...command } : { kind: 'deny', ...command, reason: `the run is ${run.state}, attempt ${run.attempt}` },
      ),
    );
    return ok ? 'granted' : 'denied';
  });
}

async function onGrant(resources: Resources, tx: Tx, run: RunRow): Promise<void> {
  const fresh = await pinSession(tx, run);
  if (fresh) await tx.run.update({ where: { id: run.id }, data: { freshSession: true } });
  tx.afterCommit(() => metricsOf(resources).queued(Number(run.grantedAt) - Number(run.createdAt)));
}
