/** A place in one line that counts columns as CommonMark does: a tab reaches to the next multiple of four, and may be half used. */
export class LineCursor {
  readonly text: string;
  readonly end: number;
  pos: number;
  private column = 0;
  private halfTab = false;

  /** `start` and `end` are offsets in `text`; the line end is not part of the line. */
  constructor(text: string, start: number, end: number) {
    this.text = text;
    this.pos = start;
    this.end = end;
  }

  /** Offset of the next character that is no space or tab, and the columns to it. */
  peek(): { at: number; indent: number } {
    let column = this.column;
    let at = this.pos;
    for (; at < this.end; at++) {
      const unit = this.text.charCodeAt(at);
      if (unit === 32) column++;
      else if (unit === 9) column += 4 - (column % 4);
      else break;
    }
    return { at, indent: column - this.column };
  }

  /** Skips at most `columns` columns of spaces and tabs; returns how many there were. */
  skipColumns(columns: number): number {
    let left = columns;
    while (left > 0 && this.pos < this.end) {
      const unit = this.text.charCodeAt(this.pos);
      if (unit !== 32 && unit !== 9) break;
      const width = unit === 9 ? 4 - (this.column % 4) : 1;
      const used = Math.min(width, left);
      this.column += used;
      left -= used;
      this.halfTab = used < width;
      if (used === width) this.pos++;
    }
    return columns - left;
  }

  /** Skips characters that are no tabs. */
  skipChars(count: number): void {
    this.pos += count;
    this.column += count;
    this.halfTab = false;
  }

  /** Skips to the next character that is no space or tab. */
  skipIndent(): void {
    this.skipColumns(Number.POSITIVE_INFINITY);
  }

  /** What is left of the line, with the rest of a half used tab as spaces. */
  rest(): string {
    if (!this.halfTab) return this.text.slice(this.pos, this.end);
    return ' '.repeat(4 - (this.column % 4)) + this.text.slice(this.pos + 1, this.end);
  }
}
