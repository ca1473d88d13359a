import type { Range } from '@codemirror/state';
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { previewField } from './preview-mode.ts';
import { structureField, structureOf } from './structure-field.ts';

const attributes = { spellcheck: 'false', autocorrect: 'off', autocapitalize: 'off' };
const code = Decoration.line({ class: 'mk-cell-line', attributes });
const current = Decoration.line({ class: 'mk-cell-line mk-cell-current', attributes });
const source = Decoration.line({ class: 'mk-source', attributes });
const raw = Decoration.line({ class: 'mk-raw-code', attributes });

/** Marks the lines of cells that are on the screen; the cell with the cursor stands out. */
export const cellLines = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = build(view);
    }
    update(update: ViewUpdate) {
      const structure = update.state.field(structureField) !== update.startState.field(structureField);
      const mode = update.state.field(previewField) !== update.startState.field(previewField);
      if (structure || mode || update.viewportChanged || update.selectionSet) this.decorations = build(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

function build(view: EditorView): DecorationSet {
  const out: Range<Decoration>[] = [];
  const { selection } = view.state;
  const { mode } = view.state.field(previewField);
  const { from, to } = view.viewport;
  const { cells, blocks } = structureOf(view.state);
  // Only a revealed block has lines; on the others these have nothing to show on.
  for (const block of blocks) if (block.to >= from && block.from <= to) markLines(view, source, block.from, block.to, out);
  for (const cell of cells) {
    if (cell.fenceEnd < from || cell.fenceStart > to) continue;
    const { head } = selection.main;
    const within = mode === 'live' && head >= cell.fenceStart && head < cell.fenceEnd;
    const mark = mode === 'raw' ? raw : within ? current : code;
    if (cell.codeEnd > cell.codeStart) markLines(view, mark, Math.max(cell.codeStart, from), Math.min(cell.codeEnd - 1, to), out);
  }
  return Decoration.set(out, true);
}

function markLines(view: EditorView, mark: Decoration, from: number, to: number, out: Range<Decoration>[]): void {
  const { doc } = view.state;
  for (let pos = from; pos <= to; ) {
    const line = doc.lineAt(pos);
    out.push(mark.range(line.from));
    pos = line.to + 1;
  }
}
