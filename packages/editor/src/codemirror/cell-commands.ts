import { EditorSelection } from '@codemirror/state';
import type { Command, EditorView, KeyBinding } from '@codemirror/view';
import { cellAt } from '@markco/core/document/cells';
import type { KeyedCell } from '../cells/structure.ts';
import { revealSource } from './fold-guard.ts';
import { editorServices } from './services.ts';
import { structureOf } from './structure-field.ts';

/** The cell that holds the cursor, if any. */
export function currentCell(view: EditorView): KeyedCell | undefined {
  return cellAt(structureOf(view.state).cells, view.state.selection.main.head) as KeyedCell | undefined;
}

/** Shift-Enter: runs the cell and goes to the next; after the last one there is a new cell, as in Jupyter. In prose: to the next cell. */
export const runAndAdvance: Command = (view) => {
  const { cells } = structureOf(view.state);
  const cell = currentCell(view);
  if (!cell) {
    const next = cells.find((each) => each.fenceStart >= view.state.selection.main.head);
    if (next) goTo(view, next.codeStart);
    return true;
  }
  view.state.facet(editorServices)?.run([cell.index]);
  const next = cells[cell.index + 1];
  if (next) goTo(view, next.codeStart);
  else if (cell.closed) insertCell(view, cell, cell.language);
  return true;
};

/** Mod-Enter: runs the cell, the cursor stays. */
export const runInPlace: Command = (view) => {
  const cell = currentCell(view);
  if (cell) view.state.facet(editorServices)?.run([cell.index]);
  return true;
};

/** Alt-Enter: runs the cell and makes a new one below, as in Jupyter; in prose only makes one. */
export const runAndInsert: Command = (view) => {
  const cell = currentCell(view);
  if (cell) view.state.facet(editorServices)?.run([cell.index]);
  insertCell(view, cell, cell?.language ?? 'python');
  return true;
};

/** A new empty cell below `after`, or below the line of the cursor; the cursor goes into it. */
export function insertCell(view: EditorView, after: KeyedCell | undefined, language = 'python'): void {
  const { doc } = view.state;
  const at = after ? (after.output?.end ?? after.fenceEnd) : Math.min(doc.length, doc.lineAt(view.state.selection.main.head).to + 1);
  insertAt(view, at, `\`\`\`${language}\n`, '\n```');
}

/** A new cell at the end of the document. */
export function appendCell(view: EditorView): void {
  insertAt(view, view.state.doc.length, '```python\n', '\n```');
}

/** A new paragraph at the end of the document. */
export function appendText(view: EditorView): void {
  insertAt(view, view.state.doc.length, '', '');
}

/** Puts `head` + `tail` between blank lines; the cursor goes between them. */
function insertAt(view: EditorView, at: number, head: string, tail: string): void {
  const { doc } = view.state;
  const above = doc.sliceString(Math.max(0, at - 2), at);
  const before = at === 0 || above === '\n\n' ? '' : above.endsWith('\n') ? '\n' : '\n\n';
  const after = at >= doc.length ? '\n' : doc.sliceString(at, at + 1) === '\n' ? '\n' : '\n\n';
  const cursor = at + before.length + head.length;
  view.dispatch({
    changes: { from: at, insert: before + head + tail + after },
    selection: EditorSelection.cursor(cursor),
    annotations: revealSource.of(true),
    scrollIntoView: true,
    userEvent: 'input.cell',
  });
  view.focus();
}

/** Puts the cursor somewhere and brings it into view. */
export function goTo(view: EditorView, offset: number): void {
  const at = Math.min(offset, view.state.doc.length);
  view.dispatch({ selection: EditorSelection.cursor(at), scrollIntoView: true, userEvent: 'select' });
}

/** The keys of cells. */
export const cellKeys: readonly KeyBinding[] = [
  { key: 'Shift-Enter', run: runAndAdvance, preventDefault: true },
  { key: 'Mod-Enter', run: runInPlace, preventDefault: true },
  { key: 'Alt-Enter', run: runAndInsert, preventDefault: true },
  { key: 'Mod-k', run: palette('commands'), preventDefault: true },
  { key: 'Mod-Shift-p', run: palette('commands'), preventDefault: true },
  { key: 'Mod-p', run: palette('files'), preventDefault: true },
];

function palette(mode: 'commands' | 'files'): Command {
  return (view) => {
    view.state.facet(editorServices)?.openPalette(mode);
    return true;
  };
}
