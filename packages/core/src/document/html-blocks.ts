const BLOCK_TAGS =
  'address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[123456]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul';
const ATTRIBUTE = '\\s+[a-zA-Z_:][a-zA-Z0-9_.:-]*(?:\\s*=\\s*(?:[^\\s"\'=<>`]+|\'[^\']*\'|"[^"]*"))?';
const ANY_TAG = new RegExp(`^(?:<[a-zA-Z][a-zA-Z0-9-]*(?:${ATTRIBUTE})*\\s*/?>|</[a-zA-Z][a-zA-Z0-9-]*\\s*>)\\s*$`);
const BLANK = /^[ \t]*$/;

// [start, end]: the seven kinds of CommonMark, in order; the last needs its own line and cannot interrupt a paragraph.
const KINDS: readonly (readonly [RegExp, RegExp])[] = [
  [/^<(?:script|pre|textarea|style)(?:\s|>|$)/i, /<\/(?:script|pre|textarea|style)>/i],
  [/^<!--/, /-->/],
  [/^<\?/, /\?>/],
  [/^<![A-Za-z]/, />/],
  [/^<!\[CDATA\[/, /\]\]>/],
  [new RegExp(`^</?(?:${BLOCK_TAGS})(?:\\s|/?>|$)`, 'i'), BLANK],
];

/**
 * What ends the HTML block this line starts, tested on each line of it; null when it starts none. A fence inside an HTML block is text.
 * `rest` is the line from its first character that is no space or tab.
 */
export function htmlBlockStart(rest: string, interruptsParagraph: boolean): RegExp | null {
  if (rest[0] !== '<') return null;
  for (const [start, end] of KINDS) if (start.test(rest)) return end;
  return !interruptsParagraph && ANY_TAG.test(rest) ? BLANK : null;
}
