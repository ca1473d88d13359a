import type { LineCursor } from './line-cursor.ts';

/** A block quote or list item that is open. `width`: columns a list item's content is indented by. `empty`: an item without content so far. */
type Container = { kind: 'quote' | 'item'; width: number; empty: boolean };

/** Deepest nesting we follow; deeper markers are text. Keeps the scan linear on hostile input. */
export const MAX_DEPTH = 32;

/** The block quotes and list items that are open, by CommonMark's rules, line by line. */
export class ContainerStack {
  /** True while the innermost block is a paragraph, which the next line may continue lazily. */
  paragraph = false;
  private readonly open: Container[] = [];
  private matched = 0;

  /** Takes the prefixes of the open containers off a line; false when it lacks one. */
  matchLine(cursor: LineCursor): boolean {
    this.matched = 0;
    for (const container of this.open) {
      if (!continueContainer(container, cursor)) return false;
      this.matched++;
    }
    return true;
  }

  /** True when what comes would interrupt a paragraph that the line stands in. */
  get interrupts(): boolean {
    return this.paragraph && this.matched === this.open.length;
  }

  /** Opens the quotes and list items that start at the cursor. */
  openContainers(cursor: LineCursor): void {
    while (this.matched < MAX_DEPTH) {
      const { at, indent } = cursor.peek();
      if (at >= cursor.end || indent >= 4) return;
      let container: Container | null;
      if (cursor.text[at] === '>') {
        skipQuoteMarker(cursor);
        container = { kind: 'quote', width: 0, empty: false };
      } else container = isRule(cursor.text.slice(at, cursor.end)) ? null : openListItem(cursor, this.interrupts);
      if (!container) return;
      this.enter();
      this.matched = this.open.push(container);
    }
  }

  /** A new block starts here: containers that the line did not go on with are closed, and so is a paragraph. */
  enter(): void {
    this.open.length = this.matched;
    this.paragraph = false;
    for (const outer of this.open) outer.empty = false;
  }

  /** A line of text. It goes on with an open paragraph, even of containers it does not repeat, or starts one unless it is indented code. */
  textLine(startsParagraph: boolean): void {
    if (this.paragraph) return;
    this.enter();
    this.paragraph = startsParagraph;
  }

  /** A line with nothing more on it. */
  blankLine(): void {
    this.open.length = this.matched;
    this.paragraph = false;
  }

  /** The text in front of a line that goes on with the open containers. */
  prefix(): string {
    return this.open.map(({ kind, width }) => (kind === 'quote' ? '> ' : ' '.repeat(width))).join('');
  }

  /** How many of the open containers are quotes. */
  quoteDepth(): number {
    return this.open.filter(({ kind }) => kind === 'quote').length;
  }
}

/** True for a thematic break such as `* * *`. Takes the line from its first character that is no space. */
export function isRule(rest: string): boolean {
  return /^(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$/.test(rest);
}

/** True for the line under a heading (`===` or `---`). */
export function isUnderline(rest: string): boolean {
  return /^(?:=+|-+)[ \t]*$/.test(rest);
}

function skipQuoteMarker(cursor: LineCursor): void {
  cursor.skipIndent();
  cursor.skipChars(1);
  cursor.skipColumns(1);
}

/** Whether a line goes on with a container; if so the cursor has moved past its prefix. */
function continueContainer(container: Container, cursor: LineCursor): boolean {
  const { at, indent } = cursor.peek();
  const blank = at >= cursor.end;
  if (container.kind === 'quote') {
    if (blank || indent >= 4 || cursor.text[at] !== '>') return false;
    skipQuoteMarker(cursor);
    return true;
  }
  if (blank) {
    if (container.empty) return false;
    cursor.skipIndent();
    return true;
  }
  if (indent < container.width) return false;
  cursor.skipColumns(container.width);
  return true;
}

/** The list item that starts at the cursor, which then stands at its content; null (cursor unmoved) when there is none. */
function openListItem(cursor: LineCursor, interruptsParagraph: boolean): Container | null {
  const { at, indent } = cursor.peek();
  const marker = /^(?:[*+-]|(\d{1,9})[.)])(?=[ \t]|$)/.exec(cursor.text.slice(at, cursor.end));
  if (!marker) return null;
  const afterMarker = at + marker[0].length;
  const blank = /^[ \t]*$/.test(cursor.text.slice(afterMarker, cursor.end));
  if (interruptsParagraph && (blank || (marker[1] !== undefined && Number(marker[1]) !== 1))) return null;
  cursor.skipIndent();
  cursor.skipChars(marker[0].length);
  const spaces = cursor.peek().indent;
  // Five or more columns: the item starts with indented code, one column belongs to the marker.
  const padding = blank || spaces >= 5 ? 1 : spaces;
  cursor.skipColumns(padding);
  return { kind: 'item', width: indent + marker[0].length + padding, empty: blank };
}
