import { isTerminal } from './is-terminal.ts';
import type { RunState, RunView } from './run.ts';

/** Within one attempt: an offer is taken, or withdrawn and then waits in the queue; nothing that runs is queued again. */
const RANK: Record<RunState, number> = {
  ...{ offered: 0, queued: 1, running: 2 },
  ...{ completed: 3, failed: 3, cancelled: 3, interrupted: 3, expired: 3 },
};

type Seen = Pick<RunView, 'state' | 'attempt' | 'lastSeq'>;

/**
 * RU1: which of two views of one run was made later, as answers and pushes overtake each other: the end, then the attempt, then the state
 * within it, then the log. `next` where they say the same.
 */
export function newerRun<T extends Seen>(known: T, next: T): T {
  const steps = [
    Number(isTerminal(next.state)) - Number(isTerminal(known.state)),
    next.attempt - known.attempt,
    RANK[next.state] - RANK[known.state],
    next.lastSeq - known.lastSeq,
  ];
  return (steps.find((step) => step !== 0) ?? 0) < 0 ? known : next;
}
