import { writeAtomic } from '../config/atomic-file.ts';
import { reason } from '../log.ts';

/** Changes within this many ms are one write: a run that begins must not wait for a file that says so. */
const GATHER_MS = 100;

/** What `markco status` reads. Says how things stand now and nothing else, so it is written late, the newest alone, and without fsync. */
export class StatusFile {
  readonly #file: string;
  readonly #log: { warn: (about: object, text: string) => void };
  #text: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string, log: { warn: (about: object, text: string) => void }) {
    this.#file = file;
    this.#log = log;
  }

  put(text: string): void {
    this.#text = text;
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** Writes what waits; resolves when it is there. Never rejects. */
  flush(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#text;
    this.#text = null;
    if (text !== null) {
      this.#writing = this.#writing
        .then(() => writeAtomic(this.#file, text, 0o600, false))
        .catch((error: unknown) => this.#log.warn({ reason: reason(error) }, 'the status could not be written'));
    }
    return this.#writing;
  }
}
