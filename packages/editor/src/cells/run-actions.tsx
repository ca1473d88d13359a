import type { RunView } from '@markco/core/run/run';
import type { ReactNode } from 'react';
import { type RunAction, type RunAdvice, runAdvice } from '../runs/run-advice.ts';
import { type EditorSession, useSession } from '../session.tsx';

type Props = { run: RunView; index: number; advice: RunAdvice };

/** What can be done about a run, one tap each (RU6, RU8, RU11, RU12). */
export function RunActions({ run, index, advice }: Props): ReactNode {
  const session = useSession();
  return advice.actions.map((action) => (
    <button
      key={action.label}
      type="button"
      className="mk-button mk-small"
      data-action={action.kind}
      onClick={() => act(session, run, index, action)}
    >
      {action.label}
    </button>
  ));
}

/** The advice of now for a cell's run. */
export function adviceFor(session: EditorSession, run: RunView, index: number, now: number): RunAdvice {
  return runAdvice(run, { runs: session.runs.get(), devices: session.host.devices.get(), index, now });
}

function act(session: EditorSession, run: RunView, index: number, action: RunAction): void {
  const { controller } = session;
  if (action.kind === 'again') controller.run([index], action.target);
  else if (action.kind === 'above') controller.runAbove(index, true, action.target);
  else if (action.kind === 'release') controller.decideWaiting([run], 'run');
  else if (action.kind === 'cloudInstead') void controller.insteadInCloud(waitingWith(session, run));
  else controller.cancel(run, action.kind === 'giveUp');
}

/** The run and the rest of its batch that waits with it, each with the cell it belongs to now, in order (RU4). */
function waitingWith(session: EditorSession, run: RunView): { id: string; cell: number }[] {
  const byCell = session.runsByCell.get();
  const together = session.runs
    .get()
    .filter((each) => each.id === run.id || (run.batchId !== null && each.batchId === run.batchId && each.state === 'queued'));
  const { cells } = session.structure.get();
  return cells.flatMap((cell) => {
    const own = together.find((each) => byCell.get(cell.key)?.includes(each.id));
    return own ? [{ id: own.id, cell: cell.index }] : [];
  });
}
