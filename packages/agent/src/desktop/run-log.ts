import type { RunEvent, RunEventBody } from '@markco/core/run/run-event';

/** RU18, in characters of JSON. */
const HEAD = 1024 * 1024;
const TAIL = 8 * 1024 * 1024;
const MAX = 10 * 1024 * 1024;

/** Only what was printed is ever hidden; errors, results, questions and the end stay. */
const PRINTED: ReadonlySet<RunEventBody['kind']> = new Set(['stdout', 'stderr', 'display', 'warning', 'note']);

type Entry = { event: RunEvent; size: number };

/** The events of one run, in order. Past 10 MB the middle goes, and a note in its place names how much (RU18). */
export class RunLog {
  #entries: Entry[] = [];
  #size = 0;
  #hidden = 0;

  get lastSeq(): number {
    return this.#entries.at(-1)?.event.seq ?? 0;
  }

  add(event: RunEvent): void {
    const size = JSON.stringify(event).length;
    this.#entries.push({ event, size });
    this.#size += size;
    if (this.#size > MAX) this.#limit();
  }

  /** Events behind `seq`. */
  after(seq: number): RunEvent[] {
    return this.#entries.filter(({ event }) => event.seq > seq).map(({ event }) => event);
  }

  #limit(): void {
    let before = 0;
    let first: RunEvent | null = null;
    const kept: Entry[] = [];
    for (const entry of this.#entries) {
      const { event, size } = entry;
      const behind = this.#size - before;
      before += size;
      const oldNote = event.body.kind === 'note' && event.body.hiddenBytes !== undefined;
      if (!oldNote && !(before > HEAD && behind > TAIL && PRINTED.has(event.body.kind))) {
        kept.push(entry);
        continue;
      }
      if (!oldNote) this.#hidden += size;
      first ??= event;
    }
    if (!first) return;
    const text = `… ${(this.#hidden / 1024 / 1024).toFixed(1)} MB of output hidden: a log keeps its first 1 MB and its last 9 MB …`;
    const note: RunEvent = { seq: first.seq, at: first.at, body: { kind: 'note', text, hiddenBytes: this.#hidden } };
    const at = kept.findIndex(({ event }) => event.seq > note.seq);
    kept.splice(at < 0 ? kept.length : at, 0, { event: note, size: JSON.stringify(note).length });
    this.#entries = kept;
    this.#size = kept.reduce((sum, { size }) => sum + size, 0);
  }
}
