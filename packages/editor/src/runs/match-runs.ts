import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunView } from '@markco/core/run/run';
import type { KeyedCell } from '../cells/structure.ts';

/** The runs of each cell, newest first, by cell key. */
export type RunsByCell = ReadonlyMap<number, readonly string[]>;

/** A run as far as matching needs it; also one that was tapped and is not on the server yet. */
export type Matchable = Pick<RunView, 'id' | 'code' | 'language' | 'cellIndex' | 'state'>;

/**
 * Which run belongs below which cell: by anchor where this device made the run (`anchors`: run id to offset), by the output block that
 * names it, by place and code, by code alone where it is the only such cell, and while it runs by place alone. `runs`: newest first.
 */
export function matchRuns(cells: readonly KeyedCell[], runs: readonly Matchable[], anchors: ReadonlyMap<string, number>): RunsByCell {
  const byOutput = new Map(cells.flatMap((cell) => (cell.output?.runId ? [[cell.output.runId, cell] as const] : [])));
  const byCode = new Map<string, KeyedCell | null>();
  for (const cell of cells) {
    const id = `${cell.language}\n${cell.code}`;
    byCode.set(id, byCode.has(id) ? null : cell);
  }
  const result = new Map<number, string[]>();
  for (const run of runs) {
    const cell =
      atAnchor(cells, anchors.get(run.id)) ?? byOutput.get(run.id) ?? byPlace(cells, run) ?? byCode.get(`${run.language}\n${run.code}`);
    if (cell) result.set(cell.key, [...(result.get(cell.key) ?? []), run.id]);
  }
  return result;
}

function atAnchor(cells: readonly KeyedCell[], offset: number | undefined): KeyedCell | undefined {
  if (offset === undefined) return undefined;
  return cells.find((cell) => offset >= cell.codeStart && offset <= Math.max(cell.codeEnd, cell.fenceEnd - 1));
}

function byPlace(cells: readonly KeyedCell[], run: Matchable): KeyedCell | undefined {
  const cell = run.cellIndex === null ? undefined : cells[run.cellIndex];
  if (cell?.language !== run.language) return undefined;
  return cell.code === run.code || !isTerminal(run.state) ? cell : undefined;
}
