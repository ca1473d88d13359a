import type { RunView } from '@markco/core/run/run';
import type { ReactNode } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { Icon } from '../ui/icons.tsx';

/** RU8: runs that have waited for more than an hour and do not start by themselves any more; not those the person has released. */
export function waitingRuns(runs: readonly RunView[]): RunView[] {
  return runs.filter((run) => run.state === 'queued' && Boolean(run.heldSince));
}

/** "3 waiting runs: Run / Discard", and problems that belong to no cell. */
export function WaitingBanner(): ReactNode {
  const { runs, controller, readOnly } = useSession();
  const all = useLive(runs);
  const problem = useLive(controller.problem);
  const waiting = waitingRuns(all);
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
          <span>{waiting.length === 1 ? '1 run has' : `${waiting.length} runs have`} waited for more than an hour.</span>
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
