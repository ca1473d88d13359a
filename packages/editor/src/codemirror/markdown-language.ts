import { deleteMarkupBackward, insertNewlineContinueMarkup, markdownLanguage } from '@codemirror/lang-markdown';
import { pythonLanguage } from '@codemirror/lang-python';
import { Language } from '@codemirror/language';
import { type Extension, Prec } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { type MarkdownParser, parseCode } from '@lezer/markdown';

const PYTHON = /^\{?\s*(?:python3?|py)\b/i;

const wrap = parseCode({ codeParser: (info) => (PYTHON.test(info) ? pythonLanguage.parser : null) });

/**
 * Markdown with Python inside its cells. Put together here, since `markdown()` of lang-markdown brings the parsers of HTML, CSS and
 * JavaScript with it (WB9: first load).
 */
export const markdownWithCells: Extension = [
  new Language(markdownLanguage.data, (markdownLanguage.parser as MarkdownParser).configure(wrap), [], 'markdown'),
  Prec.high(
    keymap.of([
      { key: 'Enter', run: insertNewlineContinueMarkup },
      { key: 'Backspace', run: deleteMarkupBackward },
    ]),
  ),
];
