import { type RunTransitionEvent, transition } from '@markco/core/run/transition';
import type { SqlTx } from '@markco/db/sql';
import { sendCommand } from '../agents/send-command.ts';
import type { Resources } from '../resources.ts';
import { applyRunEvent } from './apply-run-event.ts';
import { gathered } from './gather.ts';
import { type KnownRun, knowRun, lockUntouched, takeKnown } from './known-runs.ts';
import { lockFreeRuns, lockRun, waitBriefly } from './lock-run.ts';
import { keepSession, type PinnedSession, pinSessions } from './pin-session.ts';
import { metricsOf } from './run-metrics.ts';
import { type RunRow, toCore } from './run-row.ts';

type GrantEvent = Extract<RunTransitionEvent, { type: 'grant' }>;

export type AcceptOutcome = 'granted' | 'denied';

/** An agent's ACCEPT of an attempt. */
interface Accept {
  readonly deviceId: string;
  readonly runId: string;
  readonly attempt: number;
}

/**
 * RU10: an agent took attempt n. One grant a run: a compare-and-set on (state, attempt) under the row's lock. A repeated ACCEPT of the
 * granted attempt gets the grant again while nothing started; every other one gets DENY. Those that wait at the same time are granted in one transaction.
 */
export const acceptRun = (resources: Resources, deviceId: string, runId: string, attempt: number): Promise<AcceptOutcome> =>
  acceptGathered(resources, { deviceId, runId, attempt });

const acceptGathered = gathered<Accept, AcceptOutcome>({ together: acceptTogether, alone: acceptAlone, most: 100 });

async function acceptAlone(resources: Resources, accept: Accept): Promise<AcceptOutcome> {
  const known = takeKnown(resources, accept.runId, 'offered', accept.attempt);
  // Whatever was against it, the rows say.
  const outcome = known?.row.targetKind === 'device' && (await acceptKnown(resources, accept, known).catch(() => null));
  return outcome || acceptStored(resources, accept);
}

/** The usual case with one wait for Postgres: what this process offered is as it was, and its session is on that device already. */
function acceptKnown(resources: Resources, accept: Accept, { row, deviceName }: KnownRun): Promise<AcceptOutcome> {
  const { deviceId, runId } = accept;
  return resources.sql.tx(async (tx) => {
    const at = resources.clock.now();
    lockUntouched(tx, { row, deviceName });
    keepSession(tx, { ...row, name: row.sessionName }, deviceId, at);
    return decide(resources, tx, row, accept, {
      at,
      pinned: new Map([[runId, { fresh: false }]]),
      names: new Map([[deviceId, deviceName]]),
    });
  });
}

function acceptStored(resources: Resources, accept: Accept): Promise<AcceptOutcome> {
  return resources.sql.tx(async (tx) => {
    const at = resources.clock.now();
    // Sent together: the session is pinned with the row locked, and only where the grant fits it.
    const [run, pinned, names] = await Promise.all([
      lockRun(tx, accept.runId),
      pinSessions(tx, [accept], at),
      deviceNames(tx, [accept.deviceId]),
    ]);
    return run ? decide(resources, tx, run, accept, { at, pinned, names }) : 'denied';
  });
}

function acceptTogether(resources: Resources, accepts: readonly Accept[]): Promise<Map<Accept, AcceptOutcome>> {
  return resources.sql.tx(async (tx) => {
    waitBriefly(tx);
    const at = resources.clock.now();
    const rows = await lockFreeRuns(
      tx,
      accepts.map(({ runId }) => runId),
    );
    const outcomes = new Map<Accept, AcceptOutcome>();
    // A second one of the same run has to see what the first did.
    const mine = [...new Map(accepts.map((accept) => [accept.runId, accept])).values()].filter(({ runId }) => rows.has(runId));
    const [pinned, names] = await Promise.all([
      pinSessions(tx, mine, at),
      deviceNames(
        tx,
        mine.map(({ deviceId }) => deviceId),
      ),
    ]);
    for (const accept of mine) outcomes.set(accept, await decide(resources, tx, rows.get(accept.runId)!, accept, { at, pinned, names }));
    return outcomes;
  });
}

/** What was asked and written beside the row. */
interface Beside {
  readonly at: Date;
  readonly pinned: ReadonlyMap<string, PinnedSession>;
  readonly names: ReadonlyMap<string, string>;
}

async function decide(resources: Resources, tx: SqlTx, run: RunRow, accept: Accept, beside: Beside): Promise<AcceptOutcome> {
  const { deviceId, runId, attempt } = accept;
  const event = { type: 'grant' as const, at: beside.at, attempt, deviceId };
  const granted = await grant(resources, tx, run, event, {
    pinned: beside.pinned.get(runId) ?? null,
    name: beside.names.get(deviceId) ?? null,
  });
  const again =
    run.state === 'running' && run.attempt === attempt && run.deviceId === deviceId && run.startedAt === null && run.lastSeq === 0;
  const ok = Boolean(granted) || again;
  const command = { userId: run.userId, runId, attempt };
  const reply = ok ? { kind: 'grant' as const, ...command } : { kind: 'deny' as const, ...command, reason: whyNot(run) };
  tx.afterCommit(() => sendCommand(resources, deviceId, reply), 'first');
  return ok ? 'granted' : 'denied';
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
  if (name !== null) knowRun(resources, tx, { row: granted, deviceName: name });
  tx.afterCommit(() => metricsOf(resources).queued(Number(granted.grantedAt) - Number(granted.createdAt)));
  return granted;
}

async function deviceNames(tx: SqlTx, deviceIds: readonly string[]): Promise<Map<string, string>> {
  const devices = await tx.rows<{ id: string; name: string }>('SELECT id, name FROM devices WHERE id = ANY($1::uuid[])', [deviceIds]);
  return new Map(devices.map(({ id, name }) => [id, name]));
}
