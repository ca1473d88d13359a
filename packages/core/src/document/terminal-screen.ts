/** Cursor moves, and erasing more than a line. */
const MOVE = /\u001b\[\d*[A-GJ]/;
// One step of a terminal: a CSI sequence, finished or not, or one character.
const STEP = /\u001b\[[0-?]*[ -/]*[@-~]?|[\s\S]/gu;
const CSI = /^\u001b\[(\d*)([A-GJK])$/;
/** Lines the cursor can go back over; those above are as they are. */
const HEIGHT = 200;

/** Whether `text` goes to other places than the line it is on. */
export const movesCursor = (text: string): boolean => MOVE.test(text);

/**
 * What a terminal shows once it was told `text`. Costs what the text is long; a cursor beyond the end of a line is at its end, so that no
 * sequence makes text out of nothing. Colours stay with the characters they came before.
 */
export function drawScreen(text: string): string {
  const screen = new Screen();
  for (const [step] of text.matchAll(STEP)) screen.take(step);
  return screen.text();
}

class Screen {
  readonly #above: string[] = [];
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  #style = '';

  take(step: string): void {
    if (step === '\n') this.#newLine();
    else if (step === '\r') this.#column = 0;
    else if (step === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (step.length > 1 && step[0] === '\u001b') this.#sequence(step);
    else this.#write(step);
  }

  text(): string {
    const rows = this.#rows.map((row, i) => row.join('') + (i === this.#row ? this.#style : ''));
    return [...this.#above, ...rows].join('\n');
  }

  #write(char: string): void {
    const row = this.#rows[this.#row]!;
    this.#column = Math.min(this.#column, row.length);
    row[this.#column++] = this.#style + char;
    this.#style = '';
  }

  #newLine(): void {
    this.#column = 0;
    this.#row += 1;
    if (this.#row === this.#rows.length) this.#rows.push([]);
    if (this.#rows.length <= HEIGHT * 2) return;
    for (const done of this.#rows.splice(0, HEIGHT)) this.#above.push(done.join(''));
    this.#row -= HEIGHT;
  }

  #sequence(step: string): void {
    const [, digits = '', name] = CSI.exec(step) ?? [];
    const count = Math.min(Number(digits || 1), 1_000_000) || 1;
    if (name === 'K') this.#eraseLine(digits);
    else if (name === 'J') this.#eraseBelow(digits);
    else if (name === 'A' || name === 'F') this.#row = Math.max(0, this.#row - count);
    else if (name === 'B' || name === 'E') this.#row = Math.min(this.#rows.length - 1, this.#row + count);
    else if (name === 'C') this.#column = Math.min(this.#column + count, this.#rows[this.#row]!.length);
    else if (name === 'D') this.#column = Math.max(0, this.#column - count);
    else if (name === 'G') this.#column = count - 1;
    else this.#style += step;
    if (name === 'E' || name === 'F') this.#column = 0;
  }

  #eraseLine(what: string): void {
    const row = this.#rows[this.#row]!;
    this.#column = Math.min(this.#column, row.length);
    if (what === '1' || what === '2') row.fill(' ', 0, this.#column);
    if (what !== '1') row.length = this.#column;
  }

  /** The rest of the screen; "all of it" (2, 3) would be a program for the whole screen, whose output is kept instead. */
  #eraseBelow(what: string): void {
    if (what !== '' && what !== '0') return;
    this.#eraseLine('0');
    this.#rows.length = this.#row + 1;
  }
}
