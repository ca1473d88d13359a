import { type Container, containerPrefix, continueContainer, MAX_DEPTH, openListItem } from './containers.ts';
import { htmlBlockStart } from './html-blocks.ts';
import { LineCursor } from './line-cursor.ts';

/** One fenced code block. Offsets are UTF-16 units of the scanned text. */
export type Fence = {
  /** The info string, trimmed. */
  info: string;
  /** First character of the opening fence. */
  fenceStart: number;
  /** Start of the line with the opening fence. */
  lineStart: number;
  /** First line below the opening fence. */
  codeStart: number;
  /** Start of the closing fence's line; the end of the block when it is not closed. */
  codeEnd: number;
  /** After the closing fence's line, its line end included. */
  fenceEnd: number;
  closed: boolean;
  /** What a line needs in front to stand in the same place below the block: spaces and '> '. */
  prefix: string;
  /** How many block quotes the block stands in. */
  quoteDepth: number;
  /** The content without prefixes, lines joined by '\n', no line end after the last. */
  content: string;
};

type OpenFence = { fence: Fence; char: number; length: number; indent: number; lines: string[] };

/** All fenced code blocks from the offset `from` (the start of a line), in order, as CommonMark sees them. One pass, linear time. */
export function scanFences(text: string, from = 0): Fence[] {
  const scanner = new FenceScanner(text);
  for (let start = from; start < text.length; ) {
    let end = start;
    for (; end < text.length; end++) {
      const unit = text.charCodeAt(end);
      if (unit === 10 || unit === 13) break;
    }
    const next = Math.min(text.length, text.charCodeAt(end) === 13 && text.charCodeAt(end + 1) === 10 ? end + 2 : end + 1);
    scanner.line(start, end, next);
    start = next;
  }
  return scanner.finish();
}

class FenceScanner {
  private readonly text: string;
  private readonly found: Fence[] = [];
  private containers: Container[] = [];
  private open: OpenFence | null = null;
  private htmlEnd: RegExp | null = null;
  private paragraph = false;

  constructor(text: string) {
    this.text = text;
  }

  line(start: number, end: number, next: number): void {
    const cursor = new LineCursor(this.text, start, end);
    let matched = 0;
    for (const container of this.containers) {
      if (!continueContainer(container, cursor)) break;
      matched++;
    }
    const all = matched === this.containers.length;
    if (this.open) {
      if (all) return this.fenceLine(this.open, cursor, start, next);
      this.close(start, start, false);
    }
    if (this.htmlEnd && all) {
      this.endHtml(cursor);
      return;
    }
    if (!all) this.htmlEnd = null;
    this.blockLine(cursor, matched, start, next);
  }

  finish(): Fence[] {
    if (this.open) this.close(this.text.length, this.text.length, false);
    return this.found;
  }

  private fenceLine(open: OpenFence, cursor: LineCursor, start: number, next: number): void {
    const { at, indent } = cursor.peek();
    if (indent < 4 && this.text.charCodeAt(at) === open.char) {
      const stop = runEnd(this.text, at, cursor.end, open.char);
      if (stop - at >= open.length && /^[ \t]*$/.test(this.text.slice(stop, cursor.end))) {
        this.close(start, next, true);
        return;
      }
    }
    cursor.skipColumns(open.indent);
    open.lines.push(cursor.rest());
  }

  private close(codeEnd: number, fenceEnd: number, closed: boolean): void {
    const { fence, lines } = this.open!;
    this.found.push({ ...fence, codeEnd: Math.max(codeEnd, fence.codeStart), fenceEnd, closed, content: lines.join('\n') });
    this.open = null;
  }

  /** A line outside a fence: opens what it opens, and keeps what a paragraph continues (lazily). */
  private blockLine(cursor: LineCursor, matched: number, start: number, next: number): void {
    const all = matched === this.containers.length;
    const wasParagraph = this.paragraph;
    let interrupts = wasParagraph && all;
    const enter = (container?: Container): void => {
      if (this.containers.length > matched) this.containers.length = matched;
      this.paragraph = false;
      interrupts = false;
      for (const outer of this.containers) outer.empty = false;
      if (container) matched = this.containers.push(container);
    };
    for (;;) {
      const { at, indent } = cursor.peek();
      if (at >= cursor.end) return this.blankLine(matched);
      if (indent >= 4) break;
      const rest = this.text.slice(at, cursor.end);
      if (rest[0] === '>' && matched < MAX_DEPTH) {
        cursor.skipIndent();
        cursor.skipChars(1);
        cursor.skipColumns(1);
        enter({ kind: 'quote', width: 0, empty: false });
        continue;
      }
      if (/^#{1,6}(?:[ \t]|$)/.test(rest)) return enter();
      const fence = openFence(rest);
      if (fence) {
        enter();
        return this.start(fence, at, indent, start, next);
      }
      const html = htmlBlockStart(rest, interrupts || (wasParagraph && !all && this.paragraph));
      if (html) {
        enter();
        this.htmlEnd = html;
        return this.endHtml(cursor);
      }
      if (interrupts && /^(?:=+|-+)[ \t]*$/.test(rest)) return enter();
      if (/^(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$/.test(rest)) return enter();
      const item = matched < MAX_DEPTH ? openListItem(cursor, interrupts) : null;
      if (!item) break;
      enter(item);
    }
    const indented = cursor.peek().indent >= 4;
    // A lazy line goes on with the paragraph of containers it does not repeat.
    if (this.paragraph) return;
    enter();
    this.paragraph = !indented;
  }

  private blankLine(matched: number): void {
    if (this.containers.length > matched) this.containers.length = matched;
    this.paragraph = false;
  }

  private start(opened: { char: number; length: number; info: string }, at: number, indent: number, start: number, next: number): void {
    const fence: Fence = {
      info: opened.info,
      fenceStart: at,
      lineStart: start,
      codeStart: next,
      codeEnd: next,
      fenceEnd: next,
      closed: false,
      prefix: containerPrefix(this.containers) + ' '.repeat(indent),
      quoteDepth: this.containers.filter((container) => container.kind === 'quote').length,
      content: '',
    };
    this.open = { fence, char: opened.char, length: opened.length, indent, lines: [] };
  }

  private endHtml(cursor: LineCursor): void {
    if (this.htmlEnd?.test(this.text.slice(cursor.pos, cursor.end))) this.htmlEnd = null;
  }
}

function openFence(rest: string): { char: number; length: number; info: string } | null {
  const char = rest.charCodeAt(0);
  if (char !== 96 && char !== 126) return null;
  const length = runEnd(rest, 0, rest.length, char);
  if (length < 3) return null;
  const info = rest.slice(length).trim();
  return char === 96 && info.includes('`') ? null : { char, length, info };
}

function runEnd(text: string, from: number, end: number, char: number): number {
  let at = from;
  while (at < end && text.charCodeAt(at) === char) at++;
  return at;
}
