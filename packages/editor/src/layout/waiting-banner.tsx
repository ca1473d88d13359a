import type { RunView } from '@markco/core/run/run';
import type { ReactNode } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { useNow } from '../ui/hooks.ts';
import { Icon } from '../ui/icons.tsx';

/** RU8: after this long in the queue the person is asked. */
export const ASK_AFTER_MS = 60 * 60 * 1000;

/** RU8: runs that have waited for more than an hour and do not start by themselves any more. */
export function waitingRuns(runs: readonly RunView[], now: number): RunView[] {
  return runs.filter((run) => run.state === 'queued' && now - run.createdAt.getTime() >= ASK_AFTER_MS);
}

/** "3 waiting runs: Run / Discard", and problems that belong to no cell. */
export function WaitingBanner(): ReactNode {
  const { runs, controller, readOnly } = useSession();
  const all = useLive(runs);
  const problem = useLive(controller.problem);
  const now = useNow(all.some((run) => run.state === 'queued'));
  const waiting = waitingRuns(all, now);
  return (
    <>
      {readOnly && (
        <div className="mk-banner" role="status">
          <Icon name="warn" size={16} />
          <span>{readOnly}</span>
        </div>
      )}
      {waiting.length > 0 && (
        <div className="mk-banner" role="status">
          <Icon name="clock" size={16} />
          <span>{waiting.length === 1 ? '1 waiting run' : `${waiting.length} waiting runs`}</span>
          <button type="button" className="mk-button mk-small mk-primary" onClick={() => controller.decideWaiting(waiting, 'run')}>
            Run
          </button>
          <button type="button" className="mk-button mk-small" onClick={() => controller.decideWaiting(waiting, 'discard')}>
            Discard
          </button>
        </div>
      )}
      {problem && (
        <div className="mk-banner mk-tone-bad" role="alert">
          <Icon name="warn" size={16} />
          <span>{problem}</span>
          <button type="button" className="mk-button mk-small" onClick={() => controller.problem.set(null)}>
            Dismiss
          </button>
        </div>
      )}
    </>
  );
}
