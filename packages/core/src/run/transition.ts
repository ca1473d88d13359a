import { AppError } from '../errors.ts';
import { isTerminal, type RunState } from './run.ts';
import type { AwaitedInput, RunCore } from './run-core.ts';

/** How a run ends when the machine that ran it says so. */
export type EndedOutcome = 'completed' | 'failed' | 'cancelled' | 'interrupted';

/** RU1: everything that can happen to a run. `at` is the server's clock. */
export type RunTransitionEvent =
  | { type: 'offer'; at: Date; attempt: number; deviceId: string }
  | { type: 'withdraw'; at: Date; attempt: number; deviceId?: string | null }
  | { type: 'grant'; at: Date; attempt: number; deviceId: string }
  | { type: 'started'; at: Date; attempt: number }
  | { type: 'stdinRequested'; at: Date; attempt: number; input: AwaitedInput }
  | { type: 'stdinAnswered'; at: Date; execId?: string }
  | { type: 'answerLost'; at: Date }
  | { type: 'ended'; at: Date; attempt: number; outcome: EndedOutcome; reason?: string }
  | { type: 'cancelRequested'; at: Date; force: boolean }
  | { type: 'stopUnreached'; at: Date; attempt: number }
  | { type: 'upstreamFailed'; at: Date }
  | { type: 'discarded'; at: Date }
  | { type: 'held'; at: Date }
  | { type: 'released'; at: Date }
  | { type: 'expired'; at: Date }
  | { type: 'contactLost'; at: Date; since: Date }
  | { type: 'contactRegained'; at: Date }
  | { type: 'interrupted'; at: Date; reason: 'device_lost' | 'runtime_died' | 'not_started' };

/** The next run, or why the event does not fit; never both, never silence. */
export type TransitionResult = { ok: true; run: RunCore } | { ok: false; error: AppError };

type EventOf<T extends RunTransitionEvent['type']> = Extract<RunTransitionEvent, { type: T }>;
type Rule<T extends RunTransitionEvent['type']> = (run: RunCore, event: EventOf<T>) => RunCore | null;

const end = (run: RunCore, state: RunState, at: Date, exitReason: string | null): RunCore => ({
  ...run,
  state,
  exitReason,
  endedAt: at,
  awaitingInput: null,
  contactLostSince: null,
  heldSince: null,
});

const notStarted = (run: RunCore): boolean => run.state === 'queued' || run.state === 'offered';
const runningAs = (run: RunCore, attempt: number): boolean => run.state === 'running' && run.attempt === attempt;

/** One rule an event; null where the event does not fit. The record is exhaustive by its type. */
const RULES: { [T in RunTransitionEvent['type']]: Rule<T> } = {
  offer: (run, { at, attempt, deviceId }) =>
    run.state === 'queued' && run.heldSince === null && attempt === run.attempt + 1
      ? { ...run, state: 'offered', attempt, deviceId, offeredAt: at }
      : null,

  withdraw: (run, { attempt, deviceId = null }) =>
    run.state === 'offered' && run.attempt === attempt ? { ...run, state: 'queued', deviceId, offeredAt: null } : null,

  // RU10: the only door to `running`; a compare-and-set on (state, attempt) lets one grant through.
  grant: (run, { at, attempt, deviceId }) =>
    run.state === 'offered' && run.attempt === attempt && run.deviceId === deviceId ? { ...run, state: 'running', grantedAt: at } : null,

  started: (run, { at, attempt }) => (runningAs(run, attempt) ? { ...run, startedAt: run.startedAt ?? at } : null),

  stdinRequested: (run, { attempt, input }) => (runningAs(run, attempt) ? { ...run, awaitingInput: input } : null),

  // RU14: the first answer wins; an answer to another question does not fit. Without `execId` the runtime has it.
  stdinAnswered: (run, { at, execId }) => {
    const asked = run.awaitingInput;
    if (run.state !== 'running' || !asked) return null;
    if (execId === undefined) return { ...run, awaitingInput: null };
    return execId === asked.execId && !asked.answeredAt ? { ...run, awaitingInput: { ...asked, answeredAt: at.toISOString() } } : null;
  },

  answerLost: (run) => {
    if (run.state !== 'running' || !run.awaitingInput?.answeredAt) return null;
    const { answeredAt: _, ...asked } = run.awaitingInput;
    return { ...run, awaitingInput: asked };
  },

  ended: (run, { at, attempt, outcome, reason }) => (runningAs(run, attempt) ? end(run, outcome, at, reason ?? null) : null),

  // RU12: before the grant at once; after it the runtime has to be asked.
  cancelRequested: (run, { at, force }) => {
    if (notStarted(run)) return end({ ...run, cancelRequestedAt: at }, 'cancelled', at, 'cancelled_by_user');
    if (run.state !== 'running') return null;
    return {
      ...run,
      cancelRequestedAt: run.cancelRequestedAt ?? at,
      forceRequestedAt: force ? (run.forceRequestedAt ?? at) : run.forceRequestedAt,
    };
  },

  // RU12: what was asked for was done in vain: the run goes on, and may be asked again. One that is forced ends whatever became of the Stop.
  stopUnreached: (run, { at, attempt }) =>
    runningAs(run, attempt) && run.cancelRequestedAt && !run.forceRequestedAt
      ? { ...run, cancelRequestedAt: null, stopUnreachedAt: at }
      : null,

  upstreamFailed: (run, { at }) => (notStarted(run) ? end(run, 'cancelled', at, 'upstream_failed') : null),
  discarded: (run, { at }) => (run.state === 'queued' ? end(run, 'cancelled', at, 'discarded') : null),
  held: (run, { at }) => (run.state === 'queued' ? { ...run, heldSince: run.heldSince ?? at } : null),
  released: (run) => (run.state === 'queued' ? { ...run, heldSince: null } : null),
  expired: (run, { at }) => (run.state === 'queued' ? end(run, 'expired', at, 'waited_too_long') : null),
  contactLost: (run, { since }) => (run.state === 'running' ? { ...run, contactLostSince: run.contactLostSince ?? since } : null),
  contactRegained: (run) => (run.state === 'running' ? { ...run, contactLostSince: null } : null),
  interrupted: (run, { at, reason }) => (run.state === 'running' ? end(run, 'interrupted', at, reason) : null),
};

/**
 * RU1: the only place that decides what an event makes of a run. Pure; writers apply the result with a compare-and-set
 * on (state, attempt). A run ends once: no event fits a terminal run.
 */
export function transition(run: RunCore, event: RunTransitionEvent): TransitionResult {
  const rule = RULES[event.type] as Rule<typeof event.type>;
  const next = isTerminal(run.state) ? null : rule(run, event as never);
  if (next) return { ok: true, run: next };
  const attempt = 'attempt' in event ? ` for attempt ${event.attempt}` : '';
  return {
    ok: false,
    error: new AppError('illegal_transition', `This run is already ${run.state}; that can no longer be done. Reload to see its state.`, {
      log: `run is ${run.state} (attempt ${run.attempt}): event ${event.type}${attempt} does not fit`,
      details: { state: run.state, attempt: run.attempt, event: event.type },
    }),
  };
}
