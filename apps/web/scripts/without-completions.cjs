/**
 * A loader for `@codemirror/lang-markdown` (next.config.ts): leaves out the import of `@codemirror/autocomplete`, which it has for completions
 * of HTML tags. The editor does not offer them, and its own completions come with the first use of the text (WB9: 10 KB of the first load).
 */
const IMPORT = /^import \{ CompletionContext \} from ["']@codemirror\/autocomplete["'];$/m;

module.exports = (source) => {
  if (!IMPORT.test(source)) throw new Error('@codemirror/lang-markdown has changed: see whether this loader is still needed.');
  return source.replace(IMPORT, 'const CompletionContext = null;');
};
