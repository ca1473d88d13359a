import type { RunView } from '@markco/core/run/run';
import type { KeyedCell } from '../cells/structure.ts';

/**
 * RU20: the runs of one cell, newest first, also those of what it said before it was edited: what is matched to it now (`matched`: ids), and
 * what its anchor puts there. `offsetOf`: where a run's anchor points now, null where its place is gone.
 */
export function cellHistory(
  cell: KeyedCell,
  runs: readonly RunView[],
  matched: readonly string[],
  offsetOf: (run: RunView) => number | null,
): RunView[] {
  const own = new Set(matched);
  return runs.filter((run) => {
    if (own.has(run.id)) return true;
    if (run.language !== cell.language) return false;
    const offset = offsetOf(run);
    return offset !== null && offset >= cell.codeStart && offset <= Math.max(cell.codeEnd, cell.fenceEnd - 1);
  });
}
