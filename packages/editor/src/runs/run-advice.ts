import { QUEUE_AUTOSTART_MS, QUEUE_EXPIRES_MS } from '@markco/core/device/constants';
import type { DeviceView } from '@markco/core/device/device';
import { isTerminal } from '@markco/core/run/is-terminal';
import type { RequestedTarget, RunView } from '@markco/core/run/run';
import { fallbackReason, holdsSession, homeOf, placeOf } from './run-places.ts';
import { statusWords, targetNameOf } from './run-status.ts';
import { localTimes, whenText } from './times.ts';

/** Something a person can do about a run, one tap each. */
export type RunAction = { label: string } & (
  | { kind: 'again' | 'above'; target: RequestedTarget | null }
  | { kind: 'cloudInstead' | 'release' | 'cancel' | 'giveUp' }
);

/** What stands below a run's status: what is known and what follows, and what can be done. */
export type RunAdvice = { notes: string[]; actions: RunAction[] };

/** What the advice depends on besides the run. `runs`: of its document, newest first; `index`: of its cell; `now` in ms. */
export type AdviceInputs = { runs: readonly RunView[]; devices: readonly DeviceView[]; index: number; now: number };

/** RU6, RU8, RU11, RU12: the truth about a run beyond its state, and the taps that help. */
export function runAdvice(run: RunView, inputs: AdviceInputs): RunAdvice {
  if (run.state === 'queued') return waiting(run, inputs);
  if (!isTerminal(run.state)) return going(run, inputs);
  return ended(run, inputs);
}

/** RU8: since when, until when, and the ways out. */
function waiting(run: RunView, { now, devices }: AdviceInputs): RunAdvice {
  const cancel: RunAction = { kind: 'cancel', label: 'Cancel' };
  if (run.target.kind !== 'queue') return { notes: [], actions: run.message ? [cancel] : [] };
  const since = whenText(run.createdAt, now);
  const until = whenText(new Date(run.createdAt.getTime() + QUEUE_EXPIRES_MS), now);
  const asks = run.createdAt.getTime() + QUEUE_AUTOSTART_MS;
  const instead: RunAction = { kind: 'cloudInstead', label: 'Run in the cloud instead' };
  const given = `Given up ${until}.`;
  if (run.heldSince) {
    const name = targetNameOf(run, devices) ?? 'the computer';
    return {
      notes: [`Waiting since ${since}. It starts only when you say so. ${given}`],
      actions: [{ kind: 'release', label: `Run when ${name} is there` }, instead, cancel],
    };
  }
  const starts = now < asks ? ` Starts by itself until ${whenText(new Date(asks), now)}, then asks you.` : ' Starts by itself.';
  return { notes: [`Waiting since ${since}.${starts} ${given}`], actions: [instead, cancel] };
}

function going(run: RunView, inputs: AdviceInputs): RunAdvice {
  if (run.contactLostSince) return unreachable(run);
  const why = run.state === 'running' ? ownFallback(run, inputs) : null;
  return { notes: why ? [`In the cloud because ${why}. Variables and files of your computer are not there.`] : [], actions: [] };
}

/** Why this run itself fell back; null for those after it, and where there is no computer it could have gone to. */
const ownFallback = (run: RunView, { runs, devices }: AdviceInputs): string | null =>
  run.reason === 'session_affinity' || !homeOf(run, devices) ? null : fallbackReason(run, runs);

/** RU11, RU12: what is known, what follows, and that nothing runs twice by itself. */
function unreachable(run: RunView): RunAdvice {
  const cloud = run.target.kind === 'cloud';
  const name = cloud ? 'the cloud' : (run.ranOn ?? 'the computer');
  const stop = run.cancelRequestedAt ? ` The stop reaches it first thing when it is back.` : '';
  return {
    notes: [
      `If ${name} comes back, the output goes on here; nothing runs twice.${stop} Given up after ${cloud ? '10 minutes' : '24 hours'} without contact.`,
    ],
    actions: [{ kind: 'giveUp', label: 'Give it up now (loses variables)' }],
  };
}

function ended(run: RunView, inputs: AdviceInputs): RunAdvice {
  const advice: RunAdvice = { notes: [], actions: [] };
  const told = run.message === null || run.exitReason === 'upstream_failed' || statusWords(run) === run.message;
  const said = told ? null : localTimes(run.message!, inputs.now);
  if (said) advice.notes.push(said);
  const why = ownFallback(run, inputs);
  // A failure's own words say why already.
  if (why && !said?.includes(why))
    advice.notes.push(`Ran in the cloud because ${why}. Variables and files of your computer were not there.`);
  if (run.state === 'failed' && inputs.index > 0 && (run.freshSession || said?.includes('Run all above here')))
    advice.actions.push({ kind: 'above', label: 'Run all above here', target: placeOf(run) });
  if (run.state === 'interrupted' || run.state === 'expired') advice.actions.push(again(run, inputs.devices));
  const home = fallbackReason(run, inputs.runs) === null ? null : homeOf(run, inputs.devices);
  if (home) advice.actions.push(...wayHome(run, home));
  return advice;
}

/** The same place once more; where that is nowhere, wherever it goes now. */
function again(run: RunView, devices: readonly DeviceView[]): RunAction {
  const name = run.target.kind === 'device' ? targetNameOf(run, devices) : null;
  return {
    kind: 'again',
    label: name ? `Run again on ${name}` : 'Run again',
    target: name || run.target.kind === 'cloud' ? placeOf(run) : null,
  };
}

/** RU6: no silent hop back; the computer is offered, and after a failure also to wait for. */
function wayHome(run: RunView, home: DeviceView): RunAction[] {
  const target = { kind: 'device', deviceId: home.id } as const;
  if (home.presence !== 'offline') {
    const there = holdsSession(home, run);
    return [{ kind: 'again', label: there ? `Back to ${home.name} (variables there)` : `Run on ${home.name}`, target }];
  }
  return run.state === 'failed' ? [{ kind: 'again', label: `Run on ${home.name} when it is back`, target }] : [];
}
