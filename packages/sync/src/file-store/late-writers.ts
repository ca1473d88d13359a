import { decodeText } from './text-file.ts';

const LOOK_AFTER_MS = 250;

interface Watched {
  timer: NodeJS.Timeout;
  look: () => Promise<void>;
}

/** Files that were replaced while a program may have had them open: a quarter of a second later what it still wrote is taken in (FB6). */
export class LateWriters {
  readonly #watched = new Set<Watched>();

  watch(late: () => Buffer | null, take: (text: string) => Promise<void>): void {
    const entry: Watched = {
      look: async () => {
        clearTimeout(entry.timer);
        if (!this.#watched.delete(entry)) return;
        const bytes = late();
        const decoded = bytes && bytes.length > 0 ? decodeText(bytes) : null;
        if (decoded) await take(decoded.text);
      },
      // Failing here has lost nothing that is in a file we keep; the log tells of a log that can't be written on the next append.
      timer: setTimeout(() => entry.look().catch(() => undefined), LOOK_AFTER_MS),
    };
    entry.timer.unref();
    this.#watched.add(entry);
  }

  /** Looks at all of them now. */
  async close(): Promise<void> {
    for (const entry of [...this.#watched]) await entry.look();
  }
}
