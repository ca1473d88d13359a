import { ContainerStack, isRule, isUnderline } from './containers.ts';
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

type Opening = { char: number; length: number; info: string };
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
  private readonly stack = new ContainerStack();
  private open: OpenFence | null = null;
  private htmlEnd: RegExp | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** Takes the line `start`..`end`; `next` is where the following one starts. */
  line(start: number, end: number, next: number): void {
    const cursor = new LineCursor(this.text, start, end);
    const inside = this.stack.matchLine(cursor);
    if (this.open && inside) this.fenceLine(this.open, cursor, start, next);
    else if (this.htmlEnd && inside) this.endHtml(cursor);
    else {
      if (this.open) this.close(start, start, false);
      this.htmlEnd = null;
      this.blockLine(cursor, start, next);
    }
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
    this.found.push({ ...fence, codeEnd, fenceEnd, closed, content: lines.join('\n') });
    this.open = null;
  }

  /** A line outside a fence: opens the containers it opens, then what stands in them. */
  private blockLine(cursor: LineCursor, start: number, next: number): void {
    this.stack.openContainers(cursor);
    const { at, indent } = cursor.peek();
    if (at >= cursor.end) {
      this.stack.blankLine();
      return;
    }
    if (indent >= 4) {
      this.stack.textLine(false);
      return;
    }
    const rest = this.text.slice(at, cursor.end);
    const fence = openFence(rest);
    const html = fence ? null : htmlBlockStart(rest, this.stack.paragraph);
    if (fence) {
      this.stack.enter();
      this.start(fence, at, indent, start, next);
    } else if (html) {
      this.stack.enter();
      this.htmlEnd = html;
      this.endHtml(cursor);
    } else if (/^#{1,6}(?:[ \t]|$)/.test(rest) || isRule(rest) || (this.stack.interrupts && isUnderline(rest))) this.stack.enter();
    else this.stack.textLine(true);
  }

  private start(opened: Opening, at: number, indent: number, start: number, next: number): void {
    const fence: Fence = {
      info: opened.info,
      fenceStart: at,
      lineStart: start,
      codeStart: next,
      codeEnd: next,
      fenceEnd: next,
      closed: false,
      prefix: this.stack.prefix() + ' '.repeat(indent),
      quoteDepth: this.stack.quoteDepth(),
      content: '',
    };
    this.open = { fence, char: opened.char, length: opened.length, indent, lines: [] };
  }

  private endHtml(cursor: LineCursor): void {
    if (this.htmlEnd?.test(this.text.slice(cursor.pos, cursor.end))) this.htmlEnd = null;
  }
}

function openFence(rest: string): Opening | null {
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
