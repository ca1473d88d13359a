import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import { STOP_UNREACHED } from '@markco/core/run/run-messages';
import type { SqlTx } from '@markco/db/sql';
import { connectionsOf } from '../agents/connections.ts';
import type { Resources } from '../resources.ts';
import { tryRunEvent } from './apply-run-event.ts';
import { endingWords } from './ending-words.ts';
import { publishRunChanged } from './publish-run.ts';
import { reportRestart } from './report-restart.ts';
import { updateRun } from './run-columns.ts';
import type { RunRow } from './run-row.ts';

/** An event that changes the run itself. `at`: the agent's clock. */
export interface Effect {
  at: Date;
  body: Extract<RunEventBody, { kind: 'started' | 'note' | 'stdin_request' | 'stdin_answered' | 'error' | 'ended' }>;
}

/** RU16: what the events of a granted run do to its row, in their order. */
export async function applyEffects(resources: Resources, tx: SqlTx, run: RunRow, effects: readonly Effect[]): Promise<RunRow> {
  let row = run;
  let errorName: string | null = null;
  for (const { at, body } of effects) {
    if (isTerminal(row.state as RunState)) return row;
    if (body.kind === 'error') errorName = body.name;
    row = (await applyOne(resources, tx, row, at, body, errorName)) ?? row;
  }
  return row;
}

async function applyOne(
  resources: Resources,
  tx: SqlTx,
  row: RunRow,
  eventAt: Date,
  body: Effect['body'],
  errorName: string | null,
): Promise<RunRow | null> {
  const now = resources.clock.now();
  const { attempt } = row;
  switch (body.kind) {
    case 'started':
      return started(resources, tx, row, clamp(eventAt, row.grantedAt ?? row.createdAt, now), body);
    case 'stdin_request': {
      const { prompt, password, execId } = body;
      return tryRunEvent(resources, tx, row, {
        type: 'stdinRequested',
        at: now,
        attempt,
        input: { prompt: prompt.slice(0, 2000), password, execId },
      });
    }
    case 'stdin_answered':
      return tryRunEvent(resources, tx, row, { type: 'stdinAnswered', at: now });
    case 'note':
      return body.stopUnreached ? stopUnreached(resources, tx, row, now) : null;
    case 'error':
      return null;
    case 'ended': {
      const at = endTime(row, eventAt, body.durationMs, now);
      const message = await endingWords(tx, row, body, errorName);
      const event = { type: 'ended' as const, at, attempt, outcome: body.outcome, reason: body.reason };
      return tryRunEvent(resources, tx, row, event, { message });
    }
  }
}

type Started = Extract<Effect['body'], { kind: 'started' }>;

async function started(resources: Resources, tx: SqlTx, row: RunRow, at: Date, { fresh, replaces }: Started): Promise<RunRow | null> {
  const next = await tryRunEvent(resources, tx, row, { type: 'started', at, attempt: row.attempt }, { message: null });
  if (next && replaces) tx.afterCommit(() => reportRestart(resources, next, replaces));
  // The agent knows best whether the namespace was empty (a runtime restarted behind our back, or one that was there before).
  if (!next || fresh === undefined || fresh === row.freshSession) return next;
  if (fresh) {
    tx.write(
      `UPDATE runtime_sessions SET generation = generation + 1, started_at = $5::timestamptz
       WHERE user_id = $1::uuid AND project_id = $2::uuid AND language = $3 AND name = $4`,
      [row.userId, row.projectId, row.language, row.sessionName, at],
    );
  }
  const after = updateRun(tx, next, { freshSession: fresh });
  publishRunChanged(resources, tx, after);
  return after;
}

/** RU12: the Stop was told and did nothing. It is open no longer, so that the next one is a new word to the device. */
async function stopUnreached(resources: Resources, tx: SqlTx, row: RunRow, at: Date): Promise<RunRow | null> {
  const next = await tryRunEvent(resources, tx, row, { type: 'stopUnreached', at, attempt: row.attempt }, { message: STOP_UNREACHED });
  const { id, deviceId } = row;
  if (next && deviceId) tx.afterCommit(() => connectionsOf(resources).get(deviceId)?.cancels.forget(id));
  return next;
}

const clamp = (at: Date, from: Date, to: Date): Date => new Date(Math.min(Math.max(Number(at), Number(from)), Number(to)));

/** The agent's clock may be off: the end is the start plus the measured duration at least, and never in the future. */
function endTime(row: RunRow, eventAt: Date, durationMs: number, now: Date): Date {
  const start = row.startedAt ?? row.grantedAt ?? row.createdAt;
  return clamp(eventAt, new Date(Number(start) + Math.max(0, durationMs)), now);
}
