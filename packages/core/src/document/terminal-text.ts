import { drawScreen, movesCursor } from './terminal-screen.ts';

// Each alternative ends by itself, finished or not, so that matching stays linear: OSC and strings, CSI, other escapes, 8-bit CSI.
const ANSI = /\u001b[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|\u001b\[[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?|\u009b[0-?]*[ -/]*[@-~]?/g;

/** What makes a line show other than it is written. */
const OVERWRITES = /[\r\b]|\u001b\[[012]?K/;

/** The text without terminal escape sequences: colours, cursor moves, links, titles. */
export function stripAnsi(text: string): string {
  return text.replace(ANSI, '');
}

/**
 * What a terminal would show of progress bars (RU18): `\r` goes back to the start of the line, `\b` one character back, and what follows
 * overwrites; erase sequences erase, and cursor moves reach the lines above, as several bars at once need it. `\r\n` is a line end.
 * Colours stay with their characters.
 */
export function collapseCarriageReturns(text: string): string {
  if (movesCursor(text)) return drawScreen(text);
  if (!OVERWRITES.test(text)) return text;
  return text
    .split('\n')
    .map((line) => (OVERWRITES.test(line) ? drawScreen(line) : line))
    .join('\n');
}
