import type { ChangeSet, Text } from '@codemirror/state';
import type { Structure } from './structure.ts';

/** Lines that hold one of these may open, close or reshape a block. */
const SUSPECT = /```|~~~|\$\$|^---|\|.*-/m;
const LARGE_CHANGE = 2000;

/**
 * True when a change may have made, removed or reshaped a block, so that the text must be read again at once. Everything else is mapped
 * and read again when typing pauses. `hidden`: ranges drawn as a whole, whose source changed under the drawing.
 */
export function changesStructure(changes: ChangeSet, before: Text, after: Text, structure: Structure): boolean {
  let suspect = false;
  changes.iterChangedRanges((fromA, toA, fromB, toB) => {
    if (suspect) return;
    if (toA - fromA > LARGE_CHANGE || toB - fromB > LARGE_CHANGE) suspect = true;
    else if (SUSPECT.test(around(before, fromA, toA)) || SUSPECT.test(around(after, fromB, toB))) suspect = true;
    else if (fromA < structure.frontMatterEnd) suspect = true;
    else suspect = touchesDrawn(structure, fromA, toA);
  });
  return suspect;
}

function around(text: Text, from: number, to: number): string {
  return text.sliceString(text.lineAt(from).from, text.lineAt(to).to);
}

function touchesDrawn(structure: Structure, from: number, to: number): boolean {
  const touches = (start: number, end: number) => from <= end && to >= start;
  return (
    structure.blocks.some((block) => touches(block.from, block.to)) ||
    structure.cells.some((cell) => cell.output && touches(cell.output.start, cell.output.end - 1))
  );
}

/**
 * The structure with every offset moved through the changes. `code` and `text` of a cell that was edited stay as they were read. Runs with
 * every key: what stands above the edit stays the same object, and what stands below is only shifted.
 */
export function mapStructure(structure: Structure, changes: ChangeSet): Structure {
  const edit = spanOf(changes);
  const at = (offset: number, side: -1 | 1 = 1): number =>
    offset < edit.from ? offset : offset > edit.to ? offset + edit.grown : changes.mapPos(offset, side);
  const mapped = <T>(list: readonly T[], endOf: (item: T) => number, move: (item: T) => T): T[] =>
    list.map((item) => (endOf(item) < edit.from ? item : move(item)));
  return {
    frontMatterEnd: at(structure.frontMatterEnd, -1),
    blocks: mapped(
      structure.blocks,
      ({ to }) => to,
      ({ kind, from, to }) => ({ kind, from: at(from), to: at(to, -1) }),
    ),
    headings: mapped(
      structure.headings,
      ({ from }) => from,
      ({ level, text, from }) => ({ level, text, from: at(from) }),
    ),
    cells: mapped(
      structure.cells,
      ({ output, fenceEnd }) => output?.end ?? fenceEnd,
      (cell) => {
        const { output } = cell;
        return Object.assign({}, cell, {
          fenceStart: at(cell.fenceStart),
          codeStart: at(cell.codeStart, -1),
          codeEnd: at(cell.codeEnd),
          fenceEnd: at(cell.fenceEnd, -1),
          ...(output && { output: Object.assign({}, output, { start: at(output.start), end: at(output.end, -1) }) }),
        });
      },
    ),
  };
}

/** From the first to the last place that changed, in the text before, and by how much the text grew. */
function spanOf(changes: ChangeSet): { from: number; to: number; grown: number } {
  let from = Number.POSITIVE_INFINITY;
  let to = -1;
  changes.iterChangedRanges((fromA, toA) => {
    from = Math.min(from, fromA);
    to = Math.max(to, toA);
  });
  return { from, to, grown: changes.newLength - changes.length };
}

/** Whether two readings say the same of a document, offsets included. */
export function sameStructure(a: Structure, b: Structure): boolean {
  return (
    a.frontMatterEnd === b.frontMatterEnd &&
    sameList(a.blocks, b.blocks) &&
    sameList(a.headings, b.headings) &&
    a.cells.length === b.cells.length &&
    a.cells.every((cell, i) => {
      const other = b.cells[i]!;
      const { options, output, ...rest } = cell;
      const { options: otherOptions, output: otherOutput, ...otherRest } = other;
      return (
        sameFields(rest, otherRest) &&
        sameFields(options, otherOptions) &&
        (output && otherOutput ? sameFields(output, otherOutput) : output === otherOutput)
      );
    })
  );
}

const sameList = <T extends object>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, i) => sameFields(item, b[i]!));

function sameFields(a: object, b: object): boolean {
  const keys = Object.keys(a) as (keyof typeof a)[];
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
