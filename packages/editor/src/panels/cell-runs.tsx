import { isTerminal } from '@markco/core/run/is-terminal';
import { type ReactNode, useState } from 'react';
import { useLive } from '../live.ts';
import { decodeAnchor } from '../runs/build-run.ts';
import { cellHistory } from '../runs/cell-history.ts';
import { useSession } from '../session.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { useNow } from '../ui/hooks.ts';
import { Icon } from '../ui/icons.tsx';
import { OlderRuns } from './older-runs.tsx';
import { RunDetail } from './run-detail.tsx';
import { RunRow } from './run-row.tsx';

/** Every run of one cell, newest first; a tap shows its output. */
export function CellRuns({ cellKey, onClose }: { cellKey: number; onClose(): void }): ReactNode {
  const { runs, runsByCell, structure, open, controller } = useSession();
  const [picked, setPicked] = useState<string | null>(null);
  const all = useLive(runs);
  const matched = useLive(runsByCell).get(cellKey) ?? [];
  const cell = useLive(structure).cells.find((each) => each.key === cellKey);
  const offsetOf = (run: { anchor?: string | null | undefined }): number | null => (run.anchor ? decodeAnchor(open.doc, run.anchor) : null);
  const shown = cell ? cellHistory(cell, all, matched, offsetOf) : all.filter((run) => matched.includes(run.id));
  const now = useNow(shown.some((run) => !isTerminal(run.state)));
  const run = shown.find((each) => each.id === picked);
  return (
    <Dialog label={cell ? `Runs of cell ${cell.index + 1}` : 'Runs of a cell that is gone'} kind="full" onClose={onClose}>
      {run ? (
        <>
          <div className="mk-panel-tools">
            <button type="button" className="mk-button mk-small" onClick={() => setPicked(null)}>
              <Icon name="left" size={16} /> All runs
            </button>
          </div>
          <RunDetail run={run} />
        </>
      ) : (
        <div className="mk-panel-body mk-sheet-body">
          {shown.length === 0 && <p className="mk-empty">This cell has not run yet.</p>}
          <ul className="mk-history" aria-label="Runs of this cell">
            {shown.map((each) => (
              <RunRow
                key={each.id}
                run={each}
                now={now}
                showCode={each.code !== cell?.code}
                onOpen={() => setPicked(each.id)}
                onStop={() => controller.cancel(each)}
              />
            ))}
          </ul>
          <OlderRuns known={all.length} />
        </div>
      )}
    </Dialog>
  );
}
