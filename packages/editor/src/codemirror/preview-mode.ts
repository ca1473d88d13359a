import { type EditorState, StateEffect, StateField } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/**
 * `live`: drawn, with the source of what holds the cursor. `raw`: the markdown as it is. `reading`: all drawn, nothing editable (phones
 * begin here, WB5).
 */
export type PreviewMode = 'live' | 'raw' | 'reading';

/** `touched`: the person has been in the text; before that nothing shows its source, or opening a page would. */
export type PreviewState = { mode: PreviewMode; touched: boolean };

export const setPreviewMode = StateEffect.define<PreviewMode>();
const touch = StateEffect.define<null>();

export const previewField = StateField.define<PreviewState>({
  create: () => ({ mode: 'live', touched: false }),
  update(value, transaction) {
    let next = value;
    for (const effect of transaction.effects) {
      if (effect.is(setPreviewMode) && effect.value !== next.mode) next = { ...next, mode: effect.value };
      if (effect.is(touch) && !next.touched) next = { ...next, touched: true };
    }
    return next;
  },
  provide: (field) => [
    EditorView.editable.from(field, (value) => value.mode !== 'reading'),
    EditorView.editorAttributes.from(field, (value) => ({ class: `mk-mode-${value.mode}` })),
  ],
});

/** Notices the first focus. */
export const noticeFocus = EditorView.focusChangeEffect.of((state, focusing) =>
  focusing && !state.field(previewField).touched ? touch.of(null) : null,
);

/** True where a selection touches the range and its source should show. */
export function reveals(state: EditorState, from: number, to: number): boolean {
  const { mode, touched } = state.field(previewField);
  if (mode === 'raw') return true;
  if (mode === 'reading' || !touched) return false;
  return state.selection.ranges.some((range) => range.from <= to && range.to >= from);
}
