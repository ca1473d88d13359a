import { type EditorState, type Range, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView } from '@codemirror/view';
import type { KeyedCell, Structure } from '../cells/structure.ts';
import { type PortalInfo, PortalWidget, portalRegistry } from './portals.ts';
import { previewField, reveals } from './preview-mode.ts';
import { structureField } from './structure-field.ts';

/** `folds`: ranges of whole lines that belong to a cell's frame (fences, output) and are hidden now; the cursor steps over them. */
export type BlockPreview = { decorations: DecorationSet; folds: readonly Fold[]; revealed: string };
export type Fold = { from: number; to: number; side: 'head' | 'foot'; key: number };

/** Draws what spans whole lines: cell heads and outputs, tables, display formulas, front matter. */
export const blockPreview = StateField.define<BlockPreview>({
  create: (state) => build(state),
  update(value, transaction) {
    const { state, startState } = transaction;
    const fresh = state.field(structureField).fresh !== startState.field(structureField).fresh;
    const mode = state.field(previewField) !== startState.field(previewField);
    if (fresh || mode || (transaction.selection && revealedNow(state) !== value.revealed)) return build(state);
    if (!transaction.docChanged) return value;
    const { changes } = transaction;
    return {
      ...value,
      decorations: value.decorations.map(changes),
      folds: value.folds.map((fold) => ({ ...fold, from: changes.mapPos(fold.from, 1), to: changes.mapPos(fold.to, -1) })),
    };
  },
  provide: (field) => EditorView.decorations.from(field, (value) => value.decorations),
});

/** The fold that holds the offset, its ends included. */
export function foldAt(state: EditorState, offset: number): Fold | undefined {
  return state.field(blockPreview).folds.find((fold) => offset >= fold.from && offset <= fold.to);
}

// An opening fence may be indented or stand behind list markers and quotes.
const MAX_PREFIX = 1000;

/** Which whole-line ranges show their source now. Only what is near the selection is looked at: this runs with every key. */
function revealedNow(state: EditorState): string {
  const { structure } = state.field(structureField);
  const { ranges } = state.selection;
  const near = (from: number, to: number) => ranges.some((range) => range.from <= to && range.to >= from);
  const shown = (range: { from: number; to: number } | null) => range !== null && reveals(state, range.from, range.to);
  const ids: string[] = [];
  for (const block of structure.blocks) if (near(block.from, block.to) && shown(block)) ids.push(`b${block.from}`);
  if (structure.frontMatterEnd > 0 && shown(frontRange(state, structure))) ids.push('front');
  for (const cell of structure.cells) {
    if (!near(cell.fenceStart - MAX_PREFIX, cell.output?.end ?? cell.fenceEnd)) continue;
    if (shown(headRange(state, cell))) ids.push(`h${cell.key}`);
    if (shown(footRange(state, cell))) ids.push(`f${cell.key}`);
  }
  return ids.join();
}

function frontRange(state: EditorState, structure: Structure): { from: number; to: number } {
  return { from: 0, to: lineEndBefore(state, structure.frontMatterEnd) };
}

function headRange(state: EditorState, cell: KeyedCell): { from: number; to: number } {
  const line = state.doc.lineAt(cell.fenceStart);
  return { from: line.from, to: line.to };
}

function footRange(state: EditorState, cell: KeyedCell): { from: number; to: number } | null {
  if (!cell.closed) return null;
  const from = state.doc.lineAt(cell.codeEnd).from;
  return { from, to: Math.max(from, lineEndBefore(state, cell.output ? cell.output.end : cell.fenceEnd)) };
}

/** The end of the line before `end`, where `end` is the start of the next line or the end of the document. */
function lineEndBefore(state: EditorState, end: number): number {
  return end > 0 && state.doc.sliceString(end - 1, end) === '\n' ? end - 1 : end;
}

function build(state: EditorState): BlockPreview {
  const { structure } = state.field(structureField);
  const registry = state.facet(portalRegistry);
  const { mode } = state.field(previewField);
  const ranges: Range<Decoration>[] = [];
  const folds: Fold[] = [];
  const revealed = revealedNow(state);
  if (!registry) return { decorations: Decoration.none, folds, revealed };
  const draw = (range: { from: number; to: number }, info: PortalInfo, shown: boolean, after = false): void => {
    const widget = new PortalWidget(info, registry);
    if (!shown) ranges.push(Decoration.replace({ widget, block: true }).range(range.from, range.to));
    else if (mode !== 'raw' || info.kind === 'head') {
      const at = after ? range.to : range.from;
      ranges.push(Decoration.widget({ widget, block: true, side: after ? 1 : -1 }).range(at));
    }
  };
  if (structure.frontMatterEnd > 0) {
    const range = frontRange(state, structure);
    const source = state.doc.sliceString(0, structure.frontMatterEnd);
    if (!reveals(state, range.from, range.to)) draw(range, { kind: 'front', source }, false);
  }
  for (const block of structure.blocks) {
    if (reveals(state, block.from, block.to)) continue;
    draw(block, { kind: block.kind, source: state.doc.sliceString(block.from, block.to) }, false);
  }
  for (const cell of structure.cells) {
    const head = headRange(state, cell);
    const showHead = reveals(state, head.from, head.to);
    draw(head, { kind: 'head', key: cell.key, index: cell.index, language: cell.language, info: cell.info }, showHead);
    if (!showHead) folds.push({ ...head, side: 'head', key: cell.key });
    const foot = footRange(state, cell);
    if (!foot) continue;
    const showFoot = reveals(state, foot.from, foot.to);
    draw(foot, footInfo(cell), showFoot, true);
    if (!showFoot) folds.push({ ...foot, side: 'foot', key: cell.key });
  }
  if (mode === 'live') {
    const tail = new PortalWidget({ kind: 'tail' }, registry);
    ranges.push(Decoration.widget({ widget: tail, block: true, side: 2 }).range(state.doc.length));
  }
  return { decorations: Decoration.set(ranges, true), folds: folds.sort((a, b) => a.from - b.from), revealed };
}

function footInfo(cell: KeyedCell): PortalInfo {
  return {
    kind: 'foot',
    key: cell.key,
    index: cell.index,
    language: cell.language,
    outputRunId: cell.output?.runId ?? '',
    outputText: cell.output?.text ?? '',
    hasOutput: cell.output !== undefined,
  };
}
