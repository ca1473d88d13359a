// Each alternative ends by itself, finished or not, so that matching stays linear: OSC and strings, CSI, other escapes, 8-bit CSI.
const ANSI = /\u001b[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|\u001b\[[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?|\u009b[0-?]*[ -/]*[@-~]?/g;
const STEP = /\u001b\[[0-?]*[ -/]*[@-~]?|[\s\S]/gu;

/** The text without terminal escape sequences: colours, cursor moves, links, titles. */
export function stripAnsi(text: string): string {
  return text.replace(ANSI, '');
}

/**
 * What a terminal would show of progress bars (RU18): `\r` goes back to the start of the line, `\b` one character back, and what follows
 * overwrites; erase-line sequences erase. `\r\n` is a line end. Colours stay with their characters.
 */
export function collapseCarriageReturns(text: string): string {
  if (!/[\r\b]/.test(text)) return text;
  return text
    .split('\n')
    .map((line) => (/[\r\b]/.test(line) ? collapseLine(line) : line))
    .join('\n');
}

function collapseLine(line: string): string {
  const shown: string[] = [];
  let column = 0;
  let style = '';
  for (const [step] of line.matchAll(STEP)) {
    if (step === '\r') column = 0;
    else if (step === '\b') column = Math.max(0, column - 1);
    else if (step.length > 1 && step[0] === '\u001b') {
      if (step.endsWith('K')) eraseLine(shown, column, step);
      else style += step;
    } else {
      shown[column++] = style + step;
      style = '';
    }
  }
  return shown.join('') + style;
}

function eraseLine(shown: string[], column: number, sequence: string): void {
  if (sequence === '\u001b[1K' || sequence === '\u001b[2K') shown.fill(' ', 0, Math.min(column, shown.length));
  if (sequence !== '\u001b[1K') shown.length = Math.min(column, shown.length);
}
