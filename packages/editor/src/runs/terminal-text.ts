/** Lines of a stream kept in memory; older ones are only counted and live on in the full log. */
export const KEPT_LINES = 2000;
const MAX_LINE = 20_000;

/**
 * What a terminal would show of a stream. `row` is the line the cursor is on, from 0 within `lines`; `column`: where in it the next
 * text overwrites, after a lone `\r`; null at its end. `dropped`: how many lines were left out at the top.
 */
export type TerminalText = { lines: string[]; row: number; column: number | null; dropped: number };

/** A stream with nothing in it. */
export const emptyTerminal = (): TerminalText => ({ lines: [''], row: 0, column: null, dropped: 0 });

// One token at a time: an escape that moves or clears, a control character, or plain text with its colours.
const TOKEN = /\x1b\[(\d*)([AKJ])|\r\n|[\r\n\b]|(?:\x1b(?!\[\d*[AKJ])|[^\r\n\b\x1b])+/g;

/** WB6: appends a piece of a stream; `\r` and cursor-up redraw lines, as progress bars expect. Returns a new value. */
export function appendTerminal(before: TerminalText, piece: string): TerminalText {
  const next: TerminalText = { ...before, lines: before.lines.slice() };
  for (const token of piece.matchAll(TOKEN)) applyToken(next, token[0], token[2], Number(token[1] || 1));
  trim(next);
  return next;
}

/** The text goes on after a piece that is not there: everything above is only counted, with the lines that ended in the piece. */
export function skipLines(before: TerminalText, lines: number): TerminalText {
  return { ...emptyTerminal(), dropped: before.dropped + before.lines.length - 1 + lines };
}

function applyToken(text: TerminalText, token: string, control: string | undefined, count: number): void {
  if (control === 'A') text.row = Math.max(0, text.row - count);
  else if (control) {
    if (text.column === 0) text.lines[text.row] = '';
  } else if (token === '\n' || token === '\r\n') newLine(text);
  else if (token === '\r') text.column = 0;
  else if (token === '\b') text.lines[text.row] = (text.lines[text.row] ?? '').slice(0, -1);
  else write(text, token);
}

function newLine(text: TerminalText): void {
  text.row += 1;
  text.column = null;
  if (text.row >= text.lines.length) text.lines.push('');
  // Trimmed now and then, so that one huge piece does not grow without bound.
  if (text.lines.length > KEPT_LINES * 2) trim(text);
}

function write(text: TerminalText, piece: string): void {
  const old = text.lines[text.row] ?? '';
  const { column } = text;
  let line = old + piece;
  if (column !== null) {
    // Colours take no columns: where there are any, what follows is replaced as a whole.
    const plain = !old.includes('\x1b') && !piece.includes('\x1b');
    line = old.slice(0, column) + piece + (plain ? old.slice(column + piece.length) : '');
    text.column = plain && column + piece.length < old.length ? column + piece.length : null;
  }
  text.lines[text.row] = line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}

function trim(text: TerminalText): void {
  const excess = text.lines.length - KEPT_LINES;
  if (excess <= 0) return;
  text.lines.splice(0, excess);
  text.dropped += excess;
  text.row = Math.max(0, text.row - excess);
}
