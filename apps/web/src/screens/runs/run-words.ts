import { formatDuration, formatElapsed } from '@markco/core/run/duration-words';
import type { RouteReason, RunState, RunView } from '@markco/core/run/run';

/** A state as people say it, with a sign and a tone; never by colour alone (WB8). */
export const STATES: Record<RunState, { word: string; sign: string; tone: 'busy' | 'good' | 'bad' | 'still' }> = {
  queued: { word: 'Waiting', sign: '◷', tone: 'still' },
  offered: { word: 'Starting', sign: '◷', tone: 'busy' },
  running: { word: 'Running', sign: '▶', tone: 'busy' },
  completed: { word: 'Done', sign: '✓', tone: 'good' },
  failed: { word: 'Failed', sign: '✗', tone: 'bad' },
  cancelled: { word: 'Stopped', sign: '■', tone: 'still' },
  interrupted: { word: 'Interrupted', sign: '!', tone: 'bad' },
  expired: { word: 'Expired', sign: '–', tone: 'still' },
};

const REASONS: Record<RouteReason, string> = {
  user_choice: 'you chose it',
  session_affinity: 'its variables are there',
  device_online: 'the computer is online',
  fallback_device_offline: 'the computer is offline',
  fallback_no_runtime: 'no computer can run this language',
  queued_device_offline: 'waiting for the computer',
  routing_disabled: 'running on computers is switched off',
};

/** RU5: where the run went and why, in words. */
export function whereAndWhy(run: Pick<RunView, 'ranOn' | 'target' | 'reason' | 'freshSession'>): string {
  const where = run.ranOn ?? (run.target.kind === 'cloud' ? 'Cloud' : run.target.kind === 'queue' ? 'Nowhere yet' : 'Your computer');
  return `${where}: ${REASONS[run.reason]}${run.freshSession ? ', fresh session' : ''}`;
}

/** How long a run took, or has been going; null before it began. `now` in ms. */
export function duration(run: Pick<RunView, 'startedAt' | 'endedAt'>, now: number): string | null {
  if (!run.startedAt) return null;
  return run.endedAt ? formatDuration(Number(run.endedAt) - Number(run.startedAt)) : formatElapsed(now - Number(run.startedAt));
}

/** RU8: runs whose computer came back after more than an hour wait for the person's word. */
export const needsDecision = (run: Pick<RunView, 'state' | 'heldSince'>): boolean => run.state === 'queued' && Boolean(run.heldSince);

/** The states behind each choice of the list's filter. */
export const FILTERS = {
  all: undefined,
  live: ['queued', 'offered', 'running'],
  done: ['completed'],
  failed: ['failed', 'interrupted', 'expired'],
  stopped: ['cancelled'],
} as const satisfies Record<string, readonly RunState[] | undefined>;
export type Filter = keyof typeof FILTERS;
