import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentUnit } from '@codemirror/language';
import { EditorState, type Extension, Prec } from '@codemirror/state';
import { drawSelection, dropCursor, EditorView, keymap } from '@codemirror/view';
import { yCollab, yRemoteSelections, ySync, yUndoManagerKeymap } from 'y-codemirror.next';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { blockPreview } from './block-preview.ts';
import { cellKeys } from './cell-commands.ts';
import { cellLines } from './cell-lines.ts';
import { foldGuard } from './fold-guard.ts';
import { highlight } from './highlight.ts';
import { inlinePreview } from './inline-preview.ts';
import { linkClicks } from './link-clicks.ts';
import { markdownWithCells } from './markdown-language.ts';
import { type PortalRegistry, portalRegistry } from './portals.ts';
import { noticeFocus, previewField } from './preview-mode.ts';
import { type EditorServices, editorServices } from './services.ts';
import { rereadOnPause, structureField } from './structure-field.ts';
import { typingTools } from './typing-tools.ts';
import { composingSync } from './y-sync-composing.ts';

export type EditorSetup = {
  ytext: Y.Text;
  awareness: Awareness;
  undoManager: Y.UndoManager;
  registry: PortalRegistry;
  services: EditorServices;
  /** A finger, not a mouse: no drawn selection, no remote cursors (WB5). */
  touch: boolean;
};

/** Everything the editor of one document is made of. */
export function editorExtensions(setup: EditorSetup): Extension {
  return [
    // A carriage return stays a character, or offsets here and in the Y.Text would differ.
    EditorState.lineSeparator.of('\n'),
    EditorState.tabSize.of(4),
    indentUnit.of('    '),
    portalRegistry.of(setup.registry),
    editorServices.of(setup.services),
    previewField,
    noticeFocus,
    structureField,
    rereadOnPause,
    blockPreview,
    foldGuard,
    cellLines,
    inlinePreview,
    linkClicks(setup.touch),
    markdownWithCells(),
    highlight,
    bracketMatching(),
    setup.touch ? [] : [drawSelection(), dropCursor()],
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': 'Document', spellcheck: 'true', autocorrect: 'on', autocapitalize: 'sentences' }),
    collaboration(setup),
    Prec.highest(keymap.of([...cellKeys])),
    typingTools(setup.touch),
    keymap.of([...yUndoManagerKeymap, ...defaultKeymap, indentWithTab]),
  ];
}

/** y-codemirror.next, with our binding in place of its own (remote changes wait for compositions). */
function collaboration({ ytext, awareness, undoManager, touch }: EditorSetup): Extension {
  const parts = yCollab(ytext, awareness, { undoManager }) as Extension[];
  return parts.map((part) => {
    if (part === ySync) return composingSync;
    return touch && part === yRemoteSelections ? [] : part;
  });
}
