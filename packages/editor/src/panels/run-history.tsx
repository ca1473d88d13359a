import { isTerminal } from '@markco/core/run/is-terminal';
import { type ReactNode, useState } from 'react';
import { useLive } from '../live.ts';
import { useSession } from '../session.tsx';
import { useNow } from '../ui/hooks.ts';
import { OlderRuns } from './older-runs.tsx';
import { RunRow } from './run-row.tsx';

/** The runs of this document, or only those of the cell with the cursor. */
export function RunHistory(): ReactNode {
  const { runs, runsByCell, current, controller, sheet } = useSession();
  const all = useLive(runs);
  const cell = useLive(current);
  const byCell = useLive(runsByCell);
  const [onlyCell, setOnlyCell] = useState(false);
  const now = useNow(all.some((run) => !isTerminal(run.state)));
  const own = onlyCell && cell ? new Set(byCell.get(cell.key) ?? []) : null;
  const shown = own ? all.filter((run) => own.has(run.id)) : all;
  return (
    <div className="mk-panel-body">
      <div className="mk-panel-tools">
        <label className="mk-check">
          <input type="checkbox" checked={onlyCell} disabled={!cell} onChange={(event) => setOnlyCell(event.target.checked)} />
          Only the current cell
        </label>
      </div>
      {shown.length === 0 && <p className="mk-empty">Nothing has run here yet.</p>}
      <ul className="mk-history" aria-label="Runs">
        {shown.map((run) => (
          <RunRow
            key={run.id}
            run={run}
            now={now}
            showCode
            onOpen={() => sheet.set({ kind: 'run', runId: run.id })}
            onStop={() => controller.cancel(run)}
          />
        ))}
      </ul>
      <OlderRuns known={all.length} />
    </div>
  );
}
