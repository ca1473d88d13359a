import type { RunView } from '@markco/core/run/run';
import { STATES } from './run-words.ts';

const LOOKS = {
  busy: 'bg-accent-soft text-accent',
  good: 'bg-good-soft text-good',
  bad: 'bg-bad-soft text-bad',
  still: 'bg-surface text-muted',
} as const;

/** The state of a run as a word in a pill. */
export function RunStatePill({ run }: { run: RunView }) {
  const { word, sign, tone } = STATES[run.state];
  const shown = run.state === 'running' && run.awaitingInput ? 'Asks for input' : word;
  return (
    <span className={`inline-flex shrink-0 items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm font-medium ${LOOKS[tone]}`}>
      <span aria-hidden="true">{sign}</span>
      {shown}
    </span>
  );
}
