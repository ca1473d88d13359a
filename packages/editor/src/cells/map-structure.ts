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

/** The structure with every offset moved through the changes. `code` and `text` of a cell that was edited stay as they were read. */
export function mapStructure(structure: Structure, changes: ChangeSet): Structure {
  const at = (offset: number, side: -1 | 1 = 1) => changes.mapPos(offset, side);
  return {
    frontMatterEnd: at(structure.frontMatterEnd, -1),
    blocks: structure.blocks.map((block) => ({ ...block, from: at(block.from), to: at(block.to, -1) })),
    headings: structure.headings.map((heading) => ({ ...heading, from: at(heading.from) })),
    cells: structure.cells.map((cell) => ({
      ...cell,
      fenceStart: at(cell.fenceStart),
      codeStart: at(cell.codeStart, -1),
      codeEnd: at(cell.codeEnd),
      fenceEnd: at(cell.fenceEnd, -1),
      ...(cell.output && { output: { ...cell.output, start: at(cell.output.start), end: at(cell.output.end, -1) } }),
    })),
  };
}
