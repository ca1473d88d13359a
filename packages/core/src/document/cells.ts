import { parseCellInfo, readCodeOptions } from './cell-info.ts';
import { frontMatterEnd } from './front-matter-range.ts';
import { type Fence, scanFences } from './scan-fences.ts';

/** The output block of a cell: whole lines, `start` to `end`. */
export type CellOutput = { start: number; end: number; runId?: string; text: string };

/** A fenced block with a language. Offsets are UTF-16 units of the document. */
export type Cell = {
  /** Place among the document's cells, from 0. */
  index: number;
  /** Lower case; `py`, `python3` and `{python}` are 'python'. */
  language: string;
  /** The info string as written, trimmed. */
  info: string;
  /** Quarto options: `{python echo=false}` and `#| echo: false`, the latter first. */
  options: Record<string, string>;
  /** What runs: no container prefixes, lines joined by '\n', no line end after the last. */
  code: string;
  /** First character of the opening fence. */
  fenceStart: number;
  codeStart: number;
  /** Start of the closing fence's line. */
  codeEnd: number;
  /** After the closing fence's line, its line end included. */
  fenceEnd: number;
  /** False when the fence is not closed: it then runs to the end of its container or of the document. */
  closed: boolean;
  /** What lines below the cell need in front to stand beside it: spaces (in a list) and '> ' (in a quote). */
  indent: string;
  output?: CellOutput;
};

/**
 * The cells of a document, as CommonMark sees its fences; front matter is skipped. Outputs, `yaml config` blocks and blocks without a
 * language are not cells. Never throws; linear time.
 */
export function parseCells(text: string): Cell[] {
  const fences = scanFences(text, frontMatterEnd(text) || (text.charCodeAt(0) === 0xfeff ? 1 : 0));
  const cells: Cell[] = [];
  fences.forEach((fence, i) => {
    const { language, options, kind } = parseCellInfo(fence.info);
    if (kind !== 'cell') return;
    const output = findOutput(text, fence, fences[i + 1]);
    cells.push({
      index: cells.length,
      language,
      info: fence.info,
      options: { ...options, ...readCodeOptions(fence.content) },
      code: fence.content,
      fenceStart: fence.fenceStart,
      codeStart: fence.codeStart,
      codeEnd: fence.codeEnd,
      fenceEnd: fence.fenceEnd,
      closed: fence.closed,
      indent: fence.prefix,
      ...(output && { output }),
    });
  });
  return cells;
}

/** The cell whose block, both fences included, holds the offset; its output is not part of it. */
export function cellAt(cells: readonly Cell[], offset: number): Cell | undefined {
  let low = 0;
  let high = cells.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const cell = cells[middle]!;
    if (offset < cell.fenceStart) high = middle - 1;
    // The end of the document, right after a fence without a line end, still belongs to it.
    else if (offset >= cell.fenceEnd && !(offset === cell.fenceEnd && offset > cell.codeEnd && middle === cells.length - 1))
      low = middle + 1;
    else return cell;
  }
  return undefined;
}

/** The output right below: only blank lines between, as many quotes deep, and closed (else replacing it would take what follows). */
function findOutput(text: string, cell: Fence, next: Fence | undefined): CellOutput | undefined {
  if (!cell.closed || !next?.closed || next.quoteDepth !== cell.quoteDepth) return undefined;
  const { kind, runId } = parseCellInfo(next.info);
  if (kind !== 'output' || !/^[\s>]*$/.test(text.slice(cell.fenceEnd, next.fenceStart))) return undefined;
  return { start: next.lineStart, end: next.fenceEnd, ...(runId && { runId }), text: next.content };
}
