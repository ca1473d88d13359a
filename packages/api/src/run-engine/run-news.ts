import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEvent } from '@markco/core/run/run-event';
import type { RunRow } from './run-row.ts';

/** What a commit of this process made of a run, for watchers in this process: what the rows say, without asking for them. */
export class RunNews {
  readonly row: RunRow;
  /** The events it made visible: without a gap, the last one is the row's `lastSeq`. */
  readonly events: readonly RunEvent[];

  constructor(row: RunRow, events: readonly RunEvent[]) {
    this.row = row;
    this.events = events;
  }
}

/** A reader that is further behind reads the rows. */
const MAX_WAITING = 64;

/**
 * RU17: the news of one run on its way to one watcher. Only news that follows on from what was shown is given out; for everything else
 * (another process wrote, a message was lost, too much waits) the rows have to be looked at.
 */
export class RunInbox {
  #waiting: { news: RunNews; duringLook: boolean }[] = [];
  #lost = false;
  #looking = false;
  #last: RunNews | null = null;

  /** @param hint of the bus message; anything but news means that only the rows know */
  hear(hint?: unknown): void {
    if (this.#lost) return;
    if (hint instanceof RunNews && this.#waiting.length < MAX_WAITING) {
      // Told under two topics.
      if (hint !== this.#last) this.#waiting.push({ news: hint, duringLook: this.#looking });
      this.#last = hint;
    } else {
      this.#lost = true;
      this.#waiting = [];
    }
  }

  /** Looks at the rows, which hold everything heard before. */
  async look<T>(ask: () => Promise<T>): Promise<T> {
    this.#waiting = [];
    this.#lost = false;
    this.#looking = true;
    try {
      return await ask();
    } finally {
      this.#looking = false;
    }
  }

  /**
   * What comes after the row as it is known and the event shown last; `look` where the rows must tell; null where nothing was heard.
   * News heard during a look may be older than what the look found, unless it is further on.
   */
  next(known: RunRow, lastShown: number): RunNews | 'look' | null {
    if (this.#lost) return 'look';
    const heard = this.#waiting.shift();
    if (!heard) return null;
    const { row, events } = heard.news;
    if (row.lastSeq < known.lastSeq || (heard.duringLook && !isFurther(row, known))) return 'look';
    const unseen = events.filter((event) => event.seq > lastShown);
    const whole = unseen.length === row.lastSeq - lastShown && unseen.every((event, i) => event.seq === lastShown + 1 + i);
    return whole ? new RunNews(row, unseen) : 'look';
  }
}

/** True where `row` is certainly newer: it has more events, or is in a state that nothing leads to the known one from (RU1). */
function isFurther(row: RunRow, known: RunRow): boolean {
  if (row.lastSeq !== known.lastSeq) return row.lastSeq > known.lastSeq;
  const step = ({ state }: RunRow) => (isTerminal(state as RunState) ? 2 : state === 'running' ? 1 : 0);
  return step(row) > step(known);
}
