import { type RunTransitionEvent, transition } from '@markco/core/run/transition';
import type { SqlTx } from '@markco/db/sql';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { applyRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import { type PinnedSession, pinSession } from './pin-session.ts';
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
    const event = { type: 'grant' as const, at: resources.clock.now(), attempt, deviceId };
    // Sent together: the session is pinned with the row locked, and only where the grant fits it.
    const [run, pinned, name] = await Promise.all([lockRun(tx, runId), pinSession(tx, runId, event), deviceName(tx, deviceId)]);
    if (!run) return 'denied';
    const granted = await grant(resources, tx, run, event, { pinned, name });
    const again =
      run.state === 'running' && run.attempt === attempt && run.deviceId === deviceId && run.startedAt === null && run.lastSeq === 0;
    const ok = Boolean(granted) || again;
    const command = { userId: run.userId, runId, attempt };
    const reply = ok ? { kind: 'grant' as const, ...command } : { kind: 'deny' as const, ...command, reason: whyNot(run) };
    tx.afterCommit(() => sendCommand(resources, deviceId, reply), 'first');
    return ok ? 'granted' : 'denied';
  });
}

const whyNot = (run: RunRow): string => `the run is ${run.state}, attempt ${run.attempt}`;

/** The grant, and with it the name of the place and the session it is bound to (RU6, RU22); null where the attempt is no longer open. */
async function grant(
  resources: Resources,
  tx: SqlTx,
  run: RunRow,
  event: GrantEvent,
  { pinned, name }: { pinned: PinnedSession | null; name: string | null },
): Promise<RunRow | null> {
  const fits = transition(toCore(run), event).ok;
  if (fits !== (pinned !== null)) throw new Error('The session of a run was pinned without the grant, or the other way round.');
  if (!pinned) return null;
  const ranOn = run.targetKind === 'cloud' ? 'Cloud' : name;
  const granted = await applyRunEvent(resources, tx, run, event, { ranOn, ...(pinned.fresh && { freshSession: true }) });
  tx.afterCommit(() => metricsOf(resources).queued(Number(granted.grantedAt) - Number(granted.createdAt)));
  return granted;
}

async function deviceName(tx: SqlTx, deviceId: string): Promise<string | null> {
  const [device] = await tx.rows<{ name: string }>('SELECT name FROM devices WHERE id = $1::uuid', [deviceId]);
  return device?.name ?? null;
}
