import type { Cell } from './cells.ts';

export { collapseCarriageReturns, stripAnsi } from './terminal-text.ts';
export { truncateOutput } from './truncate-output.ts';

/** One replacement in a text: the UTF-16 range `from`..`to` becomes `insert`. */
export type TextSplice = { from: number; to: number; insert: string };

/**
 * The markdown block of a run's output (RU20, RU21), ending with a line end. The fence is longer than any run of backticks inside.
 * `indent` (a cell's `indent`) goes in front of each line, `eol` between them. NUL and broken surrogates, which neither Postgres nor Yjs
 * can hold, become U+FFFD.
 */
export function formatOutputBlock(runId: string, body: string, options: { indent?: string; eol?: '\n' | '\r\n' } = {}): string {
  const { indent = '', eol = '\n' } = options;
  const clean = body.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');
  const fence = '`'.repeat(Math.max(3, longestBacktickRun(clean) + 1));
  const lines = clean.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  const id = runId.replace(/[^\w.:-]/g, '');
  return [`${fence}output:${id}`, ...lines, fence].map((line) => withIndent(indent, line) + eol).join('');
}

/**
 * Puts a formatted block in its place (RU20): over the cell's previous output, or right below the cell after one blank line.
 * Doing it twice changes nothing. Null for a cell without a closing fence: what follows would become part of its code.
 */
export function spliceOutput(text: string, cell: Cell, block: string): TextSplice | null {
  if (!cell.closed) return null;
  if (cell.output) return { from: cell.output.start, to: cell.output.end, insert: block };
  const at = cell.fenceEnd;
  const eol = block.endsWith('\r\n') ? '\r\n' : '\n';
  const blank = withIndent(cell.indent, '') + eol;
  const ended = text[at - 1] === '\n' || text[at - 1] === '\r';
  const following = /[^\r\n]*/y;
  following.lastIndex = at;
  const crowded = /[^\s>]/.test(following.exec(text)?.[0] ?? '');
  return { from: at, to: at, insert: (ended ? '' : eol) + blank + block + (crowded ? blank : '') };
}

/** Takes the cell's output away, with the blank lines between; null when it has none. */
export function removeOutput(_text: string, cell: Cell): TextSplice | null {
  return cell.output ? { from: cell.fenceEnd, to: cell.output.end, insert: '' } : null;
}

function withIndent(indent: string, line: string): string {
  return line === '' ? indent.trimEnd() : indent + line;
}

function longestBacktickRun(text: string): number {
  let longest = 0;
  for (const run of text.matchAll(/`+/g)) longest = Math.max(longest, run[0].length);
  return longest;
}
