import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import type { Extension } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { runtimeCompletions, runtimeHover } from './introspection.ts';

export { insertBracket } from '@codemirror/autocomplete';
export { openSearchPanel } from '@codemirror/search';

/** What is needed once a person is in the text: completions, brackets, find. `touch`: no hover there. */
export const lateTools = (touch: boolean): Extension => [
  closeBrackets(),
  autocompletion({ override: [runtimeCompletions], defaultKeymap: false, activateOnTypingDelay: 150 }),
  touch ? [] : [runtimeHover, highlightSelectionMatches({ minSelectionLength: 3 })],
  search({ top: true }),
  keymap.of([...completionKeymap, ...closeBracketsKeymap, ...searchKeymap]),
];
