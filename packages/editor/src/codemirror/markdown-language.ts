import { deleteMarkupBackward, insertNewlineContinueMarkup, markdownLanguage } from '@codemirror/lang-markdown';
import { Language } from '@codemirror/language';
import { Compartment, type Extension, Prec } from '@codemirror/state';
import { type EditorView, keymap, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { Parser } from '@lezer/common';
import { type MarkdownParser, parseCode } from '@lezer/markdown';
import { structureOf } from './structure-field.ts';

const PYTHON = /^\{?\s*(?:python3?|py)\b/i;

const languageWith = (python: Parser | null): Language => {
  const wrap = parseCode({ codeParser: (info) => (PYTHON.test(info) ? python : null) });
  return new Language(markdownLanguage.data, (markdownLanguage.parser as MarkdownParser).configure(wrap), [], 'markdown');
};
const plain = languageWith(null);
let withPython: Language | null = null;
const language = new Compartment();

/** WB9: Python's grammar comes with the first document that has a Python cell. */
const pythonWhenNeeded = ViewPlugin.fromClass(
  class {
    readonly #view: EditorView;
    #asked = withPython !== null;
    #gone = false;
    constructor(view: EditorView) {
      this.#view = view;
      this.#look();
    }
    update({ docChanged }: ViewUpdate) {
      if (docChanged) this.#look();
    }
    destroy() {
      this.#gone = true;
    }
    #look() {
      if (this.#asked || !structureOf(this.#view.state).cells.some((cell) => PYTHON.test(cell.language))) return;
      this.#asked = true;
      import('@codemirror/lang-python').then(
        ({ pythonLanguage }) => {
          withPython ??= languageWith(pythonLanguage.parser);
          if (!this.#gone) this.#view.dispatch({ effects: language.reconfigure(withPython) });
        },
        // Without a network for a moment: colours come with the next document.
        () => undefined,
      );
    }
  },
);

/**
 * Markdown with Python inside its cells. Put together here, since `markdown()` of lang-markdown brings the parsers of HTML, CSS and
 * JavaScript with it (WB9: first load).
 */
export const markdownWithCells = (): Extension => [
  language.of(withPython ?? plain),
  pythonWhenNeeded,
  Prec.high(
    keymap.of([
      { key: 'Enter', run: insertNewlineContinueMarkup },
      { key: 'Backspace', run: deleteMarkupBackward },
    ]),
  ),
];
