import { type EditorState, StateEffect, StateField } from '@codemirror/state';
import { type EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { changesStructure, mapStructure, sameStructure } from '../cells/map-structure.ts';
import { readStructure, type Structure } from '../cells/structure.ts';

/** `fresh`: counts full readings, so that others see whether shapes or only offsets changed. */
export type StructureState = { structure: Structure; fresh: number };

const reread = StateEffect.define<Structure>();
const PAUSE_MS = 300;

/** The document's shape, mapped through plain typing and read again where an edit may have changed it. */
export const structureField = StateField.define<StructureState>({
  create: (state) => ({ structure: readStructure(state.doc.toString()), fresh: 0 }),
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(reread)) return { structure: effect.value, fresh: value.fresh + 1 };
    if (!transaction.docChanged) return value;
    const mapped = mapStructure(value.structure, transaction.changes);
    if (!changesStructure(transaction.changes, transaction.startState.doc, transaction.newDoc, value.structure)) {
      return { structure: mapped, fresh: value.fresh };
    }
    return { structure: readStructure(transaction.newDoc.toString(), mapped), fresh: value.fresh + 1 };
  },
});

/** The document's shape as of this state. Cells' `code` may be a pause behind; read the text itself before running. */
export const structureOf = (state: EditorState): Structure => state.field(structureField).structure;

/**
 * Reads the document again when typing pauses: headings, code and everything that mapping does not see. Where that is nothing, as after
 * most prose, nothing is told and nothing drawn again.
 */
export const rereadOnPause = ViewPlugin.fromClass(
  class {
    timer: ReturnType<typeof setTimeout> | undefined;
    readonly #view: EditorView;
    constructor(view: EditorView) {
      this.#view = view;
    }
    update(update: ViewUpdate) {
      if (!update.docChanged) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.#read(), PAUSE_MS);
    }
    #read() {
      // Composing text must not be disturbed by drawing again.
      if (this.#view.composing) {
        this.timer = setTimeout(() => this.#read(), PAUSE_MS);
        return;
      }
      const { state } = this.#view;
      const mapped = structureOf(state);
      const read = readStructure(state.doc.toString(), mapped);
      if (!sameStructure(mapped, read)) this.#view.dispatch({ effects: reread.of(read) });
    }
    destroy() {
      clearTimeout(this.timer);
    }
  },
);
