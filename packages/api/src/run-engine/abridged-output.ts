import { isTerminal } from '@markco/core/run/run';
import type { RunWatchItem, WatchedEvent } from '@markco/core/run/run-event';

/** Of what one stream says in a row, this much at its end goes to a page, in characters: what a document holds (RU21). */
export const SHOWN_CHARS = 64 * 1024;
/** So many items do not wait for their time. */
const MAX_ITEMS = 64;
/** What a person waits for. */
const AT_ONCE = new Set(['started', 'stdin_request', 'error', 'ended']);

/** What waits to be sent to a page (RU17): of each stretch of one stream only its end, with the number of lines before it. */
export class AbridgedOutput {
  #view: RunWatchItem | null = null;
  #events: WatchedEvent[] = [];
  /** Where in `#events` the stream that goes on began, and its length. */
  #from = 0;
  #chars = 0;
  #urgent = false;

  get isEmpty(): boolean {
    return this.#events.length === 0 && !this.#view;
  }

  /** Something in it should not wait, or it is too much to wait. */
  get isUrgent(): boolean {
    return this.#urgent || this.#events.length >= MAX_ITEMS;
  }

  add(item: RunWatchItem): void {
    if (item.type === 'run') {
      this.#view = item;
      this.#urgent = true;
      return;
    }
    const text = printed(item);
    const last = this.#events.at(-1);
    if (text === '' || last?.event.body.kind !== item.event.body.kind) {
      this.#from = this.#events.length;
      this.#chars = 0;
    }
    this.#events.push(item);
    this.#chars += text.length;
    this.#urgent ||= AT_ONCE.has(item.event.body.kind);
    this.#leaveOut();
  }

  /** Everything in its order: the run's view before what happened in it, its end after. */
  take(): RunWatchItem[] {
    const events = this.#events.map(fromLineStart);
    const view = this.#view;
    const items = !view ? events : view.type === 'run' && isTerminal(view.run.state) ? [...events, view] : [view, ...events];
    this.#view = null;
    this.#events = [];
    this.#from = 0;
    this.#chars = 0;
    this.#urgent = false;
    return items;
  }

  #leaveOut(): void {
    let skipped: number | undefined;
    let from = this.#from;
    for (; from < this.#events.length - 1; from++) {
      const item = this.#events[from]!;
      const text = printed(item);
      if (this.#chars - text.length < SHOWN_CHARS) break;
      this.#chars -= text.length;
      skipped = (skipped ?? 0) + (item.skippedLines ?? 0) + lineEnds(text);
    }
    if (skipped === undefined) return;
    this.#events.splice(this.#from, from - this.#from);
    const first = this.#events[this.#from]!;
    this.#events[this.#from] = { ...first, skippedLines: skipped + (first.skippedLines ?? 0) };
  }
}

/** What an item adds to a stream. */
export function printed(item: RunWatchItem): string {
  if (item.type !== 'event') return '';
  const { body } = item.event;
  return body.kind === 'stdout' || body.kind === 'stderr' ? body.text : '';
}

/** After a gap the text begins with a whole line, where it has one. */
function fromLineStart(item: WatchedEvent): WatchedEvent {
  const { event, skippedLines } = item;
  const { body } = event;
  if (skippedLines === undefined || (body.kind !== 'stdout' && body.kind !== 'stderr')) return item;
  const start = body.text.indexOf('\n') + 1;
  if (start === 0 || start === body.text.length) return item;
  return { type: 'event', event: { ...event, body: { ...body, text: body.text.slice(start) } }, skippedLines: skippedLines + 1 };
}

function lineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
