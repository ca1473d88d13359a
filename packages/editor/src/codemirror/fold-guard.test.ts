// @vitest-environment happy-dom
import { EditorState } from '@codemirror/state';
import { describe, expect, it } from 'vitest';
import { blockPreview } from './block-preview.ts';
import { foldGuard, revealSource } from './fold-guard.ts';
import { PortalRegistry, portalRegistry } from './portals.ts';
import { previewField } from './preview-mode.ts';
import { structureField } from './structure-field.ts';

const TEXT = 'above\n\n```python\nfirst\nlast\n```\n\n```output:r\n1\n```\n\nbelow\n';
const at = (part: string): number => TEXT.indexOf(part);

function stateAt(head: number): EditorState {
  const extensions = [portalRegistry.of(new PortalRegistry()), previewField, structureField, blockPreview, foldGuard];
  return EditorState.create({ doc: TEXT, selection: { anchor: head }, extensions });
}
const lineAfter = (state: EditorState): string => state.doc.lineAt(state.selection.main.head).text;
const moveTo = (from: number, to: number): EditorState => stateAt(from).update({ selection: { anchor: to }, userEvent: 'select' }).state;
const cut = (from: number, head: number): EditorState =>
  stateAt(head).update({ changes: { from, to: from + 1 }, userEvent: 'delete' }).state;

describe('frames of cells', () => {
  it('the cursor steps over the opening fence, both ways', () => {
    expect(lineAfter(moveTo(at('```python') - 1, at('```python') + 2))).toBe('first');
    expect(lineAfter(moveTo(at('first'), at('```python') + 2))).toBe('');
  });
  it('the cursor steps over closing fence and output, both ways', () => {
    const end = at('last') + 4;
    expect(moveTo(end, end + 1).selection.main.head).toBe(at('\nbelow'));
    expect(lineAfter(moveTo(at('\nbelow'), at('\nbelow') - 1))).toBe('last');
  });
  it('a selection that means to show the source may stay', () => {
    const state = stateAt(0).update({ selection: { anchor: at('output:r') }, annotations: revealSource.of(true) }).state;
    expect(state.selection.main.head).toBe(at('output:r'));
  });
  it('Delete at the end of the code does nothing', () => {
    const end = at('last') + 4;
    expect(cut(end, end).doc.toString()).toBe(TEXT);
  });
  it('Backspace at the start of the code does nothing to the fence', () => {
    expect(cut(at('first') - 1, at('first')).doc.toString()).toBe(TEXT);
  });
  it('Backspace on the empty line below may take that line', () => {
    const empty = at('\nbelow');
    expect(cut(empty - 1, empty).doc.toString()).toBe(TEXT.replace('\n\nbelow', '\nbelow'));
  });
  it('a selection across a cell is deleted as the person meant', () => {
    const state = stateAt(0).update({ changes: { from: 0, to: at('below') }, userEvent: 'delete.selection' }).state;
    expect(state.doc.toString()).toBe('below\n');
  });
});
