/**
 * Stands in for `@codemirror/lang-html` in the browser's bundle (next.config.ts). `@codemirror/lang-markdown` makes an HTML language at
 * load for a parser that the editor does not use, and with it come the grammars of HTML, CSS and JavaScript: a fifth of the editor.
 */
export const html = (): null => null;

/** No completions of tags. */
export const htmlCompletionSource = (): null => null;
