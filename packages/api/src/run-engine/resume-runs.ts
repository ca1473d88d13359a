import type { AgentMessage, MrpResponse, ResumeReply } from '@markco/core/device/agent-message';
import { isTerminal, type RunState } from '@markco/core/run/run';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import { applyRunEvent, tryRunEvent } from './apply-run-event.ts';
import { lockRun } from './lock-run.ts';
import type { RunRow } from './run-row.ts';
import { asksStill, stopOutlived } from './stop-outlived.ts';

type Resume = Extract<AgentMessage, { type: 'RESUME' }>;
type Reported = Resume['runs'][number];
type Answered = ResumeReply['runs'][number];

/**
 * RU11: a device is back and says what its journal knows. Each run it names gets the highest contiguous seq and what to do; what it was
 * granted before this connection and does not name any more is interrupted.
 * @param connectedAt when its current socket opened; runs granted since then may be newer than the journal it reports
 */
export async function resumeRuns(resources: Resources, deviceId: string, message: Resume, connectedAt: Date | null): Promise<ResumeReply> {
  const answers: Answered[] = [];
  for (const reported of message.runs) answers.push(await resumeOne(resources, deviceId, reported));
  await interruptUnknown(resources, deviceId, new Set(message.runs.map((run) => run.runId)), connectedAt);
  resources.log.info({ device_id: deviceId, runs: message.runs.length }, 'agent resumed');
  return { runs: answers };
}

async function resumeOne(resources: Resources, deviceId: string, reported: Reported): Promise<Answered> {
  return resources.sql.tx(async (tx) => {
    const run = await lockRun(tx, reported.runId);
    const forget: Answered = { runId: reported.runId, ackedSeq: reported.lastSeq, action: 'forget' };
    if (!run || run.deviceId !== deviceId || run.attempt !== reported.attempt) return forget;
    const answer = (action: Answered['action']): Answered => ({ runId: run.id, ackedSeq: run.lastSeq, action });
    if (isTerminal(run.state as RunState)) {
      if (reported.alive && (run.cancelRequestedAt || (await asksStill(tx, run.id))))
        tx.afterCommit(() => stopOutlived(resources, deviceId, run));
      // RU11: what it still holds, or will still say, is kept as recovered output.
      return run.grantedAt && (reported.alive || reported.lastSeq > run.lastSeq) ? answer('continue') : forget;
    }
    if (run.state === 'offered') return answer('continue');
    if (run.state !== 'running') return answer('withdraw');
    return answer(await resumeRunning(resources, tx, run, reported));
  });
}

async function resumeRunning(resources: Resources, tx: SqlTx, run: RunRow, reported: Reported): Promise<Answered['action']> {
  const at = resources.clock.now();
  const back = run.contactLostSince ? await applyRunEvent(resources, tx, run, { type: 'contactRegained', at }, { message: null }) : run;
  if (reported.phase === 'accepted') {
    if (!back.cancelRequestedAt) return 'grant';
    await applyRunEvent(resources, tx, back, {
      type: 'ended',
      at,
      attempt: back.attempt,
      outcome: 'cancelled',
      reason: 'cancelled_by_user',
    });
    return 'withdraw';
  }
  if (reported.phase === 'started' && !reported.alive) {
    // At once; what its journal still holds follows as recovered output.
    await applyRunEvent(resources, tx, back, { type: 'interrupted', at, reason: 'runtime_died' });
    return reported.lastSeq > back.lastSeq ? 'continue' : 'forget';
  }
  return 'continue';
}

/** Granted there, yet its journal does not know it: it never reached the runtime, and must not be started by anybody now. */
async function interruptUnknown(
  resources: Resources,
  deviceId: string,
  known: ReadonlySet<string>,
  connectedAt: Date | null,
): Promise<void> {
  if (!connectedAt) return;
  const granted = await resources.db.run.findMany({
    where: { deviceId, state: 'running', grantedAt: { lt: connectedAt } },
    select: { id: true },
  });
  for (const { id } of granted) {
    if (!known.has(id)) await interruptAbsent(resources, deviceId, id);
  }
}

async function interruptAbsent(resources: Resources, deviceId: string, runId: string): Promise<void> {
  await resources.sql.tx(async (tx) => {
    const run = await lockRun(tx, runId);
    if (run?.deviceId !== deviceId) return;
    const at = resources.clock.now();
    const started = run.startedAt !== null || run.lastSeq > 0;
    if (!started && run.cancelRequestedAt) {
      await tryRunEvent(resources, tx, run, { type: 'ended', at, attempt: run.attempt, outcome: 'cancelled', reason: 'cancelled_by_user' });
      return;
    }
    await tryRunEvent(resources, tx, run, { type: 'interrupted', at, reason: started ? 'runtime_died' : 'not_started' });
  });
}

/** RU10: the answer to a repeated offer or grant. Only `unknown` says something new: the grant met an empty journal. */
export async function reportStatus(
  resources: Resources,
  deviceId: string,
  status: Extract<MrpResponse, { kind: 'status' }>,
): Promise<void> {
  if (status.phase !== 'unknown') return;
  const run = await resources.db.run.findUnique({ where: { id: status.runId } });
  if (run?.deviceId === deviceId && run.attempt === status.attempt && run.state === 'running')
    await interruptAbsent(resources, deviceId, run.id);
}
