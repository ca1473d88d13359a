import {
  ACCEPT_WITHIN_MS,
  ANSWER_ARRIVES_MS,
  DEVICE_LOST_AFTER_MS,
  QUEUE_AUTOSTART_MS,
  QUEUE_EXPIRES_MS,
} from '@markco/core/device/constants';
import { contactLost } from '@markco/core/run/run-messages';
import type { RunTransitionEvent } from '@markco/core/run/transition';
import type { Prisma } from '@markco/db/client';
import { tellCancels } from '../agents/tell-cancels.ts';
import type { Resources } from '../resources.ts';
import { type RunExtras, tryRunEvent } from './apply-run-event.ts';
import { mustAsk } from './held-runs.ts';
import { lockRun } from './lock-run.ts';
import type { RunRow } from './run-row.ts';
import { withdrawRun } from './withdraw-run.ts';

/** RU11 for the cloud: a worker that is away this long has lost its sandboxes. */
export const WORKER_LOST_AFTER_MS = 10 * 60 * 1000;

const BATCH = 200;

/** Everything about runs that only time decides (RU8, RU10, RU11). Any process may do it, at any moment, any number of times. */
export async function sweepRuns(resources: Resources): Promise<void> {
  if (!(await anythingLate(resources))) return;
  await tellCancels(resources);
  await withdrawUnanswered(resources);
  await expire(resources);
  await hold(resources);
  await followContact(resources);
  await askAgain(resources);
  await giveUp(resources);
}

/** With nothing late or out of reach, a second costs one question: whoever runs a cell in that moment waits for it. */
async function anythingLate({ sql, clock }: Resources): Promise<boolean> {
  const now = clock.now().getTime();
  const late = await sql.rows(
    `SELECT 1 AS late FROM runs r LEFT JOIN devices d ON d.id = r.device_id
     WHERE (r.state = 'offered' AND r.offered_at < $1::timestamptz) OR (r.state = 'queued' AND r.created_at < $2::timestamptz)
       OR (r.state = 'running' AND
         (r.contact_lost_since IS NOT NULL OR r.cancel_requested_at IS NOT NULL OR r.awaiting_input ? 'answeredAt' OR d.presence = 'offline' OR d.revoked_at IS NOT NULL))
     LIMIT 1`,
    [new Date(now - ACCEPT_WITHIN_MS), new Date(now - Math.min(QUEUE_AUTOSTART_MS, QUEUE_EXPIRES_MS))],
  );
  return late.length > 0;
}

const ago = (resources: Resources, ms: number): Date => new Date(resources.clock.now().getTime() - ms);

/** RU10: offers nobody accepted, should the process that made them be gone. A second later than its own timer. */
async function withdrawUnanswered(resources: Resources): Promise<void> {
  const late = await resources.db.run.findMany({
    where: { state: 'offered', offeredAt: { lt: ago(resources, ACCEPT_WITHIN_MS + 1_000) } },
    select: { id: true, attempt: true },
    take: BATCH,
  });
  for (const { id, attempt } of late) await withdrawRun(resources, id, attempt, 'not accepted in time');
}

/** RU8: 24 hours in the queue. */
async function expire(resources: Resources): Promise<void> {
  const at = resources.clock.now();
  await each(resources, { state: 'queued', createdAt: { lt: ago(resources, QUEUE_EXPIRES_MS) } }, () => [{ type: 'expired', at }]);
}

/** RU8: an hour in the queue for a computer: the person decides. Runs behind another one, or for the cloud, just wait. */
async function hold(resources: Resources): Promise<void> {
  const at = resources.clock.now();
  const where = {
    state: 'queued',
    heldSince: null,
    reason: 'queued_device_offline',
    createdAt: { lt: ago(resources, QUEUE_AUTOSTART_MS) },
  };
  await each(resources, where, (run) => (mustAsk(run, at) ? [{ type: 'held', at }, { message: HELD }] : null));
}

const HELD = 'Waited for more than an hour. Run or discard?';

/** RU11: says so when the machine of a running run is out of reach, and takes it back when it is there again. */
async function followContact(resources: Resources): Promise<void> {
  const at = resources.clock.now();
  const away: Prisma.RunWhereInput = {
    state: 'running',
    contactLostSince: null,
    device: { OR: [{ presence: 'offline' }, { revokedAt: { not: null } }] },
  };
  await each(resources, away, (run) => [
    { type: 'contactLost', at, since: run.device?.lastSeenAt ?? at },
    { message: contactLost(run.ranOn ?? 'the computer') },
  ]);
  const back: Prisma.RunWhereInput = { state: 'running', contactLostSince: { not: null }, device: { presence: 'online', revokedAt: null } };
  await each(resources, back, () => [{ type: 'contactRegained', at }, { message: null }]);
}

/** RU14: an answer that did not reach the runtime (its socket or its bus broke on the way) is asked for again. */
async function askAgain(resources: Resources): Promise<void> {
  const at = resources.clock.now();
  const lost = { path: ['answeredAt'], lt: ago(resources, ANSWER_ARRIVES_MS).toISOString() };
  await each(resources, { state: 'running', awaitingInput: lost }, () => [{ type: 'answerLost', at }]);
}

/** RU11: never heard from again. */
async function giveUp(resources: Resources): Promise<void> {
  const at = resources.clock.now();
  const lost = (ms: number) => ({ state: 'running', contactLostSince: { lt: ago(resources, ms) } });
  const event = () => [{ type: 'interrupted' as const, at, reason: 'device_lost' as const }] as [RunTransitionEvent];
  await each(resources, lost(DEVICE_LOST_AFTER_MS), event);
  await each(resources, { ...lost(WORKER_LOST_AFTER_MS), targetKind: 'cloud' }, event);
}

type Found = Prisma.RunGetPayload<{ include: { device: { select: { lastSeenAt: true } } } }>;
type Change = [event: RunTransitionEvent, extras?: RunExtras];

async function each(resources: Resources, where: Prisma.RunWhereInput, change: (run: Found) => Change | null): Promise<void> {
  const runs = await resources.db.run.findMany({
    where,
    include: { device: { select: { lastSeenAt: true } } },
    take: BATCH,
    orderBy: { id: 'asc' },
  });
  for (const run of runs) {
    const [event, extras] = change(run) ?? [];
    if (event) await apply(resources, run, event, extras);
  }
}

/** The row may have moved on since it was found: then the event does not fit, and nothing happens. */
async function apply(resources: Resources, found: RunRow, event: RunTransitionEvent, extras?: RunExtras): Promise<void> {
  await resources.sql.tx(async (tx) => {
    const run = await lockRun(tx, found.id, { skipLocked: true });
    if (run && run.updatedAt.getTime() === found.updatedAt.getTime()) await tryRunEvent(resources, tx, run, event, extras);
  });
}
