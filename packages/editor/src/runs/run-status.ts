import { formatDuration, formatElapsed } from '@markco/core/run/duration-words';
import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunState, RunView } from '@markco/core/run/run';
import { localTimes } from './times.ts';

/** How a run is told: `tone` picks icon and colour, `text` says it all without them (WB8). */
export type RunStatus = {
  tone: 'idle' | 'busy' | 'waiting' | 'good' | 'bad' | 'stopped';
  text: string;
  canStop: boolean;
  canForce: boolean;
};

/** RU12: how long "Stopping…" stands before "Force stop" is offered, in ms. */
export const FORCE_STOP_AFTER_MS = 10_000;

/** What a person reads about a run at the time `now` (ms); `targetName`: of the place it is meant for. RU12 stop, RU14 input, contact lost: always the truth, also when it is "we do not know". */
export function runStatus(run: RunView, now: number, targetName: string | null = null): RunStatus {
  const active = !isTerminal(run.state);
  const cancelAt = run.cancelRequestedAt?.getTime() ?? null;
  const stopping = active && cancelAt !== null;
  const inVain = active && Boolean(run.stopUnreachedAt);
  const forceDue = inVain || (stopping && now - cancelAt >= FORCE_STOP_AFTER_MS);
  const base = { canStop: active && !stopping, canForce: forceDue && run.state === 'running' };
  if (active && run.contactLostSince) {
    // A run that began after the last heartbeat was heard of by its beginning.
    const heard = Math.max(run.contactLostSince.getTime(), run.startedAt?.getTime() ?? 0);
    const ago = formatElapsed(now - heard);
    return { ...base, tone: 'waiting', text: `Lost contact with ${placeName(run)} ${ago} ago. It may still be running.` };
  }
  if (stopping) return { ...base, tone: 'waiting', text: 'Stopping…' };
  if (run.state === 'running' && run.awaitingInput) return { ...base, tone: 'waiting', text: 'Waiting for your input' };
  return { ...base, ...plainStatus(run, targetName, now) };
}

const placeName = (run: RunView): string => (run.target.kind === 'cloud' ? 'the cloud' : (run.ranOn ?? 'the device'));

const ENDED: Partial<Record<RunState, string>> = {
  completed: 'Done',
  failed: 'Failed',
  cancelled: 'Stopped',
  interrupted: 'Interrupted',
  expired: 'Waited too long and expired',
};
/** Longer words of the server stand below, as a sentence of their own. */
const SHORT = 60;

/** How a run ended, in few words; the server's own where they are short. */
export function statusWords(run: Pick<RunView, 'state' | 'message' | 'exitReason'>): string {
  if (run.state === 'completed') return 'Done';
  if (run.message && run.message.length <= SHORT) return run.message;
  if (run.exitReason === 'upstream_failed') return 'Not run: an earlier cell failed';
  return ENDED[run.state] ?? run.state;
}

function plainStatus(run: RunView, targetName: string | null, now: number): { tone: RunStatus['tone']; text: string } {
  switch (run.state) {
    case 'queued':
      if (run.message || run.target.kind === 'queue') return { tone: 'waiting', text: localTimes(run.message ?? 'Waiting', now) };
      return { tone: 'busy', text: `Sending to ${targetName ?? 'the device'}…` };
    case 'offered':
      return { tone: 'busy', text: `Sending to ${run.ranOn ?? targetName ?? 'the device'}…` };
    case 'running':
      return { tone: 'busy', text: run.message ?? 'Running' };
    case 'completed':
      return { tone: 'good', text: statusWords(run) };
    case 'failed':
      return { tone: 'bad', text: statusWords(run) };
    default:
      return { tone: 'stopped', text: statusWords(run) };
  }
}

/** RU22: "ran on MacBook Pro · 0.3 s", "Cloud · 1.2 s · fresh session"; null while nothing took the run. */
export function ranOnText(run: Pick<RunView, 'ranOn' | 'target' | 'freshSession' | 'startedAt' | 'endedAt'>): string | null {
  if (!run.ranOn) return null;
  const cloud = run.target.kind === 'cloud';
  const parts = [cloud ? run.ranOn : run.endedAt ? `ran on ${run.ranOn}` : `on ${run.ranOn}`];
  if (run.startedAt && run.endedAt) parts.push(formatDuration(run.endedAt.getTime() - run.startedAt.getTime()));
  if (run.freshSession) parts.push('fresh session');
  return parts.join(' · ');
}

/** The name of the place a run is meant for, or null while there is none. */
export function targetNameOf(run: Pick<RunView, 'target'>, devices: readonly { id: string; name: string }[]): string | null {
  const { target } = run;
  if (target.kind === 'cloud') return 'Cloud';
  return target.kind === 'device' ? (devices.find((device) => device.id === target.deviceId)?.name ?? null) : null;
}
