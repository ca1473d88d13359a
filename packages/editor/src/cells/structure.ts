import { type Cell, parseCells } from '@markco/core/document/cells';
import { frontMatterEnd } from '@markco/core/document/front-matter-range';

/** A cell with a name of its own that survives edits above it. */
export type KeyedCell = Cell & { key: number };
/** A part of the document that is drawn as a whole: offsets are whole lines, `to` before the last line end. */
export type Block = { kind: 'table' | 'math'; from: number; to: number };
export type Heading = { level: number; text: string; from: number };

/** What the editor knows of a document's shape. Offsets are UTF-16 units. */
export type Structure = { cells: KeyedCell[]; blocks: Block[]; headings: Heading[]; frontMatterEnd: number };

let nextKey = 1;

/** Reads the whole text, in one linear pass. Cells that stand where a cell of `before` stood keep its key. */
export function readStructure(text: string, before?: Structure): Structure {
  const known = new Map(before?.cells.map((cell) => [cell.fenceStart, cell.key]));
  const cells = parseCells(text).map((cell) => ({ ...cell, key: known.get(cell.fenceStart) ?? nextKey++ }));
  const end = frontMatterEnd(text);
  return { cells, frontMatterEnd: end, ...scanProse(text, end, cells) };
}

/** What of a line says that it may be something other than prose. */
const FENCE = /^[\s>]*(?:[-*+]\s+|\d+[.)]\s+)*(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const DELIMITER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

function scanProse(text: string, from: number, cells: readonly Cell[]): Pick<Structure, 'blocks' | 'headings'> {
  const blocks: Block[] = [];
  const headings: Heading[] = [];
  const lines = linesOf(text, from);
  const skips = cells.flatMap((cell) => [
    [cell.fenceStart, cell.fenceEnd] as const,
    ...(cell.output ? [[cell.output.start, cell.output.end] as const] : []),
  ]);
  let skip = 0;
  let fence: string | null = null;
  for (let i = 0; i < lines.length; i++) {
    const { start, line } = lines[i]!;
    while (skip < skips.length && skips[skip]![1] <= start) skip++;
    const inside = skips[skip];
    if (inside && start + line.length >= inside[0] && start < inside[1]) continue;
    // Fences that are no cells (plain code, configuration) hide what looks like tables and headings too.
    const mark = FENCE.exec(line)?.[1];
    if (mark && (fence === null || (mark[0] === fence[0] && mark.length >= fence.length))) {
      fence = fence === null ? mark : null;
      continue;
    }
    if (fence !== null) continue;
    const heading = HEADING.exec(line);
    if (heading) headings.push({ level: heading[1]!.length, text: (heading[2] ?? '').trim(), from: start });
    const last = readBlock(lines, i);
    if (last) {
      blocks.push({ kind: last.kind, from: start, to: lines[last.index]!.start + lines[last.index]!.line.length });
      i = last.index;
    }
  }
  return { blocks, headings };
}

type Line = { start: number; line: string };

function linesOf(text: string, from: number): Line[] {
  const lines: Line[] = [];
  for (let start = from; start <= text.length; ) {
    const end = text.indexOf('\n', start);
    const stop = end < 0 ? text.length : end;
    lines.push({ start, line: text.slice(start, stop) });
    start = stop + 1;
  }
  return lines;
}

/** The table or display formula that begins on line `i`: its kind and last line. */
function readBlock(lines: readonly Line[], i: number): { kind: Block['kind']; index: number } | null {
  const line = lines[i]!.line;
  if (/^ {0,3}\$\$/.test(line)) {
    if (/^ {0,3}\$\$.+\$\$\s*$/.test(line)) return { kind: 'math', index: i };
    for (let j = i + 1; j < lines.length && j < i + 200; j++) {
      if (/\$\$\s*$/.test(lines[j]!.line)) return { kind: 'math', index: j };
      if (lines[j]!.line.trim() === '') return null;
    }
    return null;
  }
  const below = lines[i + 1]?.line;
  if (!line.includes('|') || !below?.includes('-') || !DELIMITER.test(below) || columns(line) !== columns(below)) return null;
  let last = i + 1;
  while (last + 1 < lines.length && lines[last + 1]!.line.includes('|') && lines[last + 1]!.line.trim() !== '') last++;
  return { kind: 'table', index: last };
}

/** Columns of a table row; `\|` is text. */
function columns(line: string): number {
  return line
    .trim()
    .replace(/\\\|/g, '')
    .replace(/^\||\|$/g, '')
    .split('|').length;
}
