import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';

/** Code colours; values are tokens, so that light and dark follow the system. */
export const highlight = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.definitionKeyword, tags.moduleKeyword], class: 'mk-t-keyword' },
    { tag: [tags.string, tags.special(tags.string)], class: 'mk-t-string' },
    { tag: [tags.number, tags.bool, tags.null, tags.atom], class: 'mk-t-number' },
    { tag: [tags.comment, tags.lineComment, tags.blockComment], class: 'mk-t-comment' },
    { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.className], class: 'mk-t-function' },
    { tag: [tags.typeName, tags.standard(tags.variableName), tags.self], class: 'mk-t-type' },
    { tag: [tags.processingInstruction, tags.meta, tags.contentSeparator], class: 'mk-t-mark' },
    { tag: [tags.url], class: 'mk-t-mark' },
  ]),
);
