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

/** The lines of a log, growing. A carriage return begins the line anew, as progress bars expect; colours are left out. */
export class LogLines {
  readonly lines: string[] = [''];

  /** Adds text; costs what the text is long, however long the log is. */
  add(text: string): void {
    const pieces = stripAnsi(text).replace(/\r+\n/g, '\n').split('\n');
    pieces.forEach((piece, index) => {
      if (index > 0) this.lines.push('');
      const restart = piece.lastIndexOf('\r');
      const last = this.lines.length - 1;
      this.lines[last] = restart >= 0 ? piece.slice(restart + 1) : this.lines[last] + piece;
    });
  }
}
