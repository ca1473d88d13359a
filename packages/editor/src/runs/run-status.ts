import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';

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
  const base = { canStop: active && !stopping, canForce: stopping && run.state === 'running' && now - cancelAt >= FORCE_STOP_AFTER_MS };
  if (active && run.contactLostSince) {
    const ago = formatElapsed(now - run.contactLostSince.getTime());
    return { ...base, tone: 'waiting', text: `Lost contact with ${run.ranOn ?? 'the device'} ${ago} ago. It may still be running.` };
  }
  if (stopping) return { ...base, tone: 'waiting', text: 'Stopping…' };
  if (run.state === 'running' && run.awaitingInput) return { ...base, tone: 'waiting', text: 'Waiting for your input' };
  return { ...base, ...plainStatus(run, targetName) };
}

function plainStatus(run: RunView, targetName: string | null): { tone: RunStatus['tone']; text: string } {
  switch (run.state) {
    case 'queued':
      if (run.message || run.target.kind === 'queue') return { tone: 'waiting', text: run.message ?? 'Queued' };
      return { tone: 'busy', text: `Sending to ${targetName ?? 'the device'}…` };
    case 'offered':
      return { tone: 'busy', text: `Sending to ${run.ranOn ?? targetName ?? 'the device'}…` };
    case 'running':
      return { tone: 'busy', text: run.message ?? 'Running' };
    case 'completed':
      return { tone: 'good', text: 'Done' };
    case 'failed':
      return { tone: 'bad', text: run.message ?? 'Failed' };
    case 'cancelled':
      return {
        tone: 'stopped',
        text: run.message ?? (run.exitReason === 'upstream_failed' ? 'Not run: an earlier cell failed' : 'Stopped'),
      };
    case 'interrupted':
      return { tone: 'stopped', text: run.message ?? 'Interrupted' };
    case 'expired':
      return { tone: 'stopped', text: run.message ?? 'Waited too long and expired' };
  }
}

/** RU22: "ran on MacBook Pro · 0.3 s", "Cloud · 1.2 s · fresh session"; null while nothing took the run. */
export function ranOnText(run: Pick<RunView, 'ranOn' | 'target' | 'freshSession' | 'startedAt' | 'endedAt'>): string | null {
  if (!run.ranOn) return null;
  const cloud = run.target.kind === 'cloud';
  const parts = [cloud ? run.ranOn : run.endedAt ? `ran on ${run.ranOn}` : `on ${run.ranOn}`];
  if (run.startedAt && run.endedAt) parts.push(formatElapsed(run.endedAt.getTime() - run.startedAt.getTime()));
  if (run.freshSession) parts.push('fresh session');
  return parts.join(' · ');
}

/** A duration in ms as "0.3 s", "42 s", "3 min 5 s" or "2 h 10 min". */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The name of the place a run is meant for, or null while there is none. */
export function targetNameOf(run: Pick<RunView, 'target'>, devices: readonly { id: string; name: string }[]): string | null {
  const { target } = run;
  if (target.kind === 'cloud') return 'Cloud';
  return target.kind === 'device' ? (devices.find((device) => device.id === target.deviceId)?.name ?? null) : null;
}
