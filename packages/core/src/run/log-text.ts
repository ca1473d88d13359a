import { stripAnsi } from '../document/terminal-text.ts';
import type { RunEvent } from './run-event.ts';

/** What an event adds to a run's log, as plain text. */
export function logText({ body }: RunEvent): string {
  switch (body.kind) {
    case 'stdout':
    case 'stderr':
      return body.text;
    case 'note':
    case 'warning':
      return `${body.text}\n`;
    case 'error':
      return `${body.traceback.length > 0 ? body.traceback.join('\n') : `${body.name}: ${body.message}`}\n`;
    case 'display':
      return plain(body.data);
    case 'result':
      return body.data ? plain(body.data) : '';
    case 'asset':
      return `[${body.name ?? body.alt ?? body.mimeType}]\n`;
    case 'stdin_request':
      return body.prompt;
    case 'stdin_answered':
      return `${body.shown ?? ''}\n`;
    default:
      return '';
  }
}

const plain = (data: Record<string, unknown>): string => (typeof data['text/plain'] === 'string' ? `${data['text/plain']}\n` : '');

/** RU18: what a log keeps of what was printed, in bytes: its first megabyte, and at least its last eight. */
export const LOG_HEAD_BYTES = 1024 * 1024;
export const LOG_TAIL_BYTES = 8 * 1024 * 1024;
export const LOG_MAX_BYTES = 10 * 1024 * 1024;

/** RU18: what stands where the middle of a log was. */
export const hiddenWords = (bytes: number): string =>
  `… ${(bytes / 1024 / 1024).toFixed(1)} MB of output hidden: a log keeps its first 1 MB and its last 9 MB …`;

/** Sizes in characters. */
interface LogLimits {
  readonly head: number;
  readonly tail: number;
  readonly most: number;
}

/**
 * The lines of a log, growing. A carriage return begins the line anew, as progress bars expect; colours are left out. A page that follows a
 * run keeps no more of it than the log itself does (RU18): beyond that the lines in the middle are one that says how much is hidden.
 */
export class LogLines {
  readonly lines: string[] = [''];
  readonly #limits: LogLimits;
  /** Characters of all lines but the one that says what is hidden, with their ends. */
  #chars = 0;
  #hidden = 0;
  /** Where the hidden ones are; behind the first megabyte's last line. */
  #gap = 0;

  constructor(limits: LogLimits = { head: LOG_HEAD_BYTES, tail: LOG_TAIL_BYTES, most: LOG_MAX_BYTES }) {
    this.#limits = limits;
  }

  /** Adds text; costs what the text is long, however long the log is. */
  add(text: string): void {
    const pieces = stripAnsi(text).replace(/\r+\n/g, '\n').split('\n');
    pieces.forEach((piece, index) => {
      if (index > 0) {
        this.lines.push('');
        this.#chars += 1;
      }
      const restart = piece.lastIndexOf('\r');
      const last = this.lines.length - 1;
      const before = this.lines[last]!;
      this.lines[last] = restart >= 0 ? piece.slice(restart + 1) : before + piece;
      this.#chars += this.lines[last]!.length - before.length;
    });
    if (this.#chars > this.#limits.most) this.#hideMiddle();
  }

  #hideMiddle(): void {
    if (this.#hidden === 0) {
      this.#gap = this.#headLines();
      this.lines.splice(this.#gap, 0, '');
    }
    const before = this.#chars;
    const first = this.#gap + 1;
    const kept = this.#limits.head + this.#limits.tail;
    let until = first;
    for (; this.#chars > kept; until++) {
      const line = this.lines[until]!;
      const over = this.#chars - kept;
      if (line.length >= over) {
        // A single line can be nearly all there is.
        this.lines[until] = line.slice(over);
        this.#chars = kept;
        break;
      }
      this.#chars -= line.length + 1;
    }
    this.lines.splice(first, until - first);
    this.#hidden += before - this.#chars;
    this.lines[this.#gap] = hiddenWords(this.#hidden);
  }

  /** How many whole lines the first megabyte has. */
  #headLines(): number {
    let count = 0;
    for (let chars = 0; count < this.lines.length - 1; count++) {
      chars += this.lines[count]!.length + 1;
      if (chars > this.#limits.head) break;
    }
    return count;
  }
}
