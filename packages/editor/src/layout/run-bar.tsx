import { isTerminal } from '@markco/core/run/is-terminal';
import type { ReactNode } from 'react';
import { useLive } from '../live.ts';
import { useCellRun, useSession } from '../session.tsx';
import { Elapsed } from '../ui/elapsed.tsx';
import { Icon } from '../ui/icons.tsx';
import { TargetButton } from './target-button.tsx';

/** WB5: the thumb's bar on phones: where, run, run all above, stop, elapsed. */
export function RunBar(): ReactNode {
  const { current, controller } = useSession();
  const cell = useLive(current);
  const { run } = useCellRun(cell?.key ?? -1);
  const active = run !== null && !isTerminal(run.state);
  return (
    <div className="mk-run-bar" role="toolbar" aria-label="Run">
      <TargetButton />
      {active && run.startedAt && !run.contactLostSince && <Elapsed since={run.startedAt} />}
      <button
        type="button"
        className="mk-button"
        disabled={!cell || cell.index === 0}
        aria-label="Run all above"
        onClick={() => cell && controller.runAbove(cell.index)}
      >
        <Icon name="up" size={18} />
        {/* While something runs its time stands here, and a phone has one row for all of it. */}
        {!active && <span>Above</span>}
      </button>
      {active ? (
        <button
          type="button"
          className="mk-button mk-primary"
          disabled={run.cancelRequestedAt !== null}
          onClick={() => controller.cancel(run)}
        >
          <Icon name="stop" size={18} />
          <span>Stop</span>
        </button>
      ) : (
        <button
          type="button"
          className="mk-button mk-primary"
          data-testid="run-bar-run"
          disabled={!cell}
          aria-label={cell ? `Run cell ${cell.index + 1}` : 'Run'}
          onClick={() => cell && controller.run([cell.index])}
        >
          <Icon name="play" size={18} />
          <span>{cell ? `Run ${cell.index + 1}` : 'Run'}</span>
        </button>
      )}
    </div>
  );
}
