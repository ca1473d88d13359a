import { Annotation, EditorSelection, EditorState, type Extension, type Transaction, type TransactionSpec } from '@codemirror/state';
import { type Fold, foldAt } from './block-preview.ts';

/** On a selection that means to show the source of a cell's frame. */
export const revealSource = Annotation.define<boolean>();

/**
 * Keeps the hidden fences and outputs of cells whole: the cursor steps over them, and a Backspace or Delete beside one moves the cursor
 * instead of gluing text to a fence.
 */
export const foldGuard: Extension = EditorState.transactionFilter.of((transaction) => {
  if (transaction.annotation(revealSource)) return transaction;
  if (transaction.docChanged) return transaction.isUserEvent('delete') ? guardDelete(transaction) : transaction;
  return transaction.selection ? stepOver(transaction) : transaction;
});

function stepOver(transaction: Transaction): TransactionSpec | readonly TransactionSpec[] {
  const { startState } = transaction;
  const range = transaction.newSelection.main;
  if (!range.empty || transaction.newSelection.ranges.length > 1) return transaction;
  const fold = foldAt(startState, range.head);
  if (!fold) return transaction;
  const forward = range.head >= startState.selection.main.head;
  return [transaction, { selection: EditorSelection.cursor(beside(startState, fold, forward)), sequential: true }];
}

/** The nearest place outside of a fold: on the wanted side, or on the other at an end of the document. */
function beside(state: EditorState, fold: Fold, forward: boolean): number {
  const { length } = state.doc;
  let at = fold;
  // Cells may stand directly below each other: step over all of their frames in a row, but stop inside a cell.
  for (let i = 0; i < 4; i++) {
    const next = forward ? at.to + 1 : at.from - 1;
    if (next < 0 || next > length) return forward ? Math.max(0, fold.from - 1) : Math.min(length, fold.to + 1);
    const again = foldAt(state, next);
    if (!again) return next;
    at = again;
  }
  return fold.from;
}

function guardDelete(transaction: Transaction): TransactionSpec | readonly TransactionSpec[] {
  const { startState, changes } = transaction;
  let only: { from: number; to: number } | null = null;
  let count = 0;
  changes.iterChangedRanges((from, to, fromB, toB) => {
    count += 1;
    if (toB === fromB) only = { from, to };
  });
  const cut = only as { from: number; to: number } | null;
  // Longer deletions come from a selection: the person meant them.
  if (!cut || count > 1 || cut.to - cut.from > 1 || startState.doc.sliceString(cut.from, cut.to) !== '\n') return transaction;
  const before = foldAt(startState, cut.from);
  const after = foldAt(startState, cut.to);
  if (!before && !after) return transaction;
  const fold = (before ?? after)!;
  const line = before ? startState.doc.lineAt(cut.to) : startState.doc.lineAt(cut.from);
  const blank = line.length === 0 && !(before && after);
  // An empty line beside a cell may go; it is the frame that stays.
  if (blank && fold.side === (before ? 'foot' : 'head')) return transaction;
  // Delete in front of a frame does nothing; Backspace behind one goes where the text before it ends.
  if (startState.selection.main.head === cut.from) return [];
  return { selection: EditorSelection.cursor(beside(startState, fold, !before)) };
}
