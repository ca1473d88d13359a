import { collapseCarriageReturns } from '@markco/core/document/terminal-text';

/** Cursor moves reach lines that other pieces hold. */
const MOVE = /\u001b\[[0-?]*[A-HJf]/;
const ERASE = /\u001b\[[02]?K/;

/**
 * RU18: progress bars collapse within a piece of a stream. What comes before and after the piece is not known, so the first line
 * keeps its first `\r` (it overwrites what was shown) and the last line its last (what follows overwrites it), and a line that was erased
 * stays so: the whole stream shows the same as before. A piece that moves the cursor between lines is left as it is.
 */
export function collapseChunk(text: string): string {
  if (!text.includes('\r') || MOVE.test(text)) return text;
  const lines = text.split('\n');
  return lines.map((line, i) => collapseLine(line, i === 0, i === lines.length - 1)).join('\n');
}

function collapseLine(line: string, first: boolean, last: boolean): string {
  const from = first ? line.indexOf('\r') : -1;
  if (first && from < 0) return line;
  // "\r\n" cut by the split: the `\r` belongs to the line end and overwrites nothing.
  const end = !last && line.endsWith('\r') ? line.length - 1 : line.length;
  if (from >= end) return line;
  const to = last ? line.lastIndexOf('\r') : end;
  if (from >= to) return line;
  const head = line.slice(0, from + 1);
  const middle = line.slice(from + 1, to);
  // Erasing also took away what an earlier piece had put there.
  const erase = ERASE.test(middle) ? '\u001b[2K' : '';
  return head + erase + collapseCarriageReturns(middle) + line.slice(to);
}
