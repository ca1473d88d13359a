import { type RunTransitionEvent, transition } from '@markco/core/run/transition';
import type { SqlTx } from '@markco/db/sql';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { applyRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import { pinSession } from './pin-session.ts';
import { metricsOf } from './run-metrics.ts';
import { type RunRow, toCore } from './run-row.ts';

type GrantEvent = Extract<RunTransitionEvent, { type: 'grant' }>;

export type AcceptOutcome = 'granted' | 'denied';

/**
 * RU10: an agent took attempt n. One grant a run: a compare-and-set on (state, attempt) under the row's lock. A repeated ACCEPT of the
 * granted attempt gets the grant again while nothing started; every other one gets DENY.
 */
export async function acceptRun(resources: Resources, deviceId: string, runId: string, attempt: number): Promise<AcceptOutcome> {
  return resources.sql.tx(async (tx) => {
    const run = await lockRun(tx, runId);
    if (!run) return 'denied';
    const at = resources.clock.now();
    const granted = await grant(resources, tx, run, { type: 'grant', at, attempt, deviceId });
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

/** The grant, and with it the name of the place and the session it is bound to (RU6, RU22); null where the attempt is no longer open. */
async function grant(resources: Resources, tx: SqlTx, run: RunRow, event: GrantEvent): Promise<RunRow | null> {
  if (!transition(toCore(run), event).ok) return null;
  const freshSession = await pinSession(tx, { ...run, deviceId: event.deviceId, grantedAt: event.at });
  const ranOn = run.targetKind === 'cloud' ? 'Cloud' : await deviceName(tx, event.deviceId);
  const granted = await applyRunEvent(resources, tx, run, event, { ranOn, ...(freshSession && { freshSession }) });
  tx.afterCommit(() => metricsOf(resources).queued(Number(granted.grantedAt) - Number(granted.createdAt)));
  return granted;
}

async function deviceName(tx: SqlTx, deviceId: string): Promise<string | null> {
  const [device] = await tx.rows<{ name: string }>('SELECT name FROM devices WHERE id = $1::uuid', [deviceId]);
  return device?.name ?? null;
}
