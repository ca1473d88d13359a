import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import { type ReactNode, useState } from 'react';
import { useLive } from '../live.ts';
import { ranOnText, runStatus } from '../runs/run-status.ts';
import { useSession } from '../session.tsx';
import { useNow } from '../ui/hooks.ts';

/** The runs of this document, or only those of the cell with the cursor. */
export function RunHistory(): ReactNode {
  const { runs, runsByCell, current, controller, log } = useSession();
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
        {shown.slice(0, 100).map((run) => (
          <HistoryItem key={run.id} run={run} now={now} onOpen={() => log.set(run.id)} onStop={() => controller.cancel(run)} />
        ))}
      </ul>
    </div>
  );
}

function HistoryItem({ run, now, onOpen, onStop }: { run: RunView; now: number; onOpen(): void; onStop(): void }): ReactNode {
  const status = runStatus(run, now);
  return (
    <li>
      <button type="button" className="mk-list-button" onClick={onOpen}>
        <code>{run.code.trim().split('\n', 1)[0]?.slice(0, 80)}</code>
        <small className={`mk-tone-${status.tone}`}>
          {status.text} · <time dateTime={run.createdAt.toISOString()}>{run.createdAt.toLocaleTimeString()}</time>
        </small>
        {ranOnText(run) && <small>{ranOnText(run)}</small>}
      </button>
      {status.canStop && (
        <button type="button" className="mk-button mk-small" onClick={onStop}>
          Stop
        </button>
      )}
    </li>
  );
}
