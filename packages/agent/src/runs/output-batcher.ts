import { EVENT_BATCH_BYTES, EVENT_BATCH_MS } from '@markco/core/device/constants';
import { sliceSafe } from '@markco/core/document/utf8';
import { collapseChunk } from './collapse-chunk.ts';

export type StreamName = 'stdout' | 'stderr';

/** RU16: the first output goes at once; under load pieces of at most 50 ms or 16 KB, in order across both streams. */
export class OutputBatcher {
  readonly #emit: (stream: StreamName, text: string) => void;
  readonly #now: () => number;
  #stream: StreamName = 'stdout';
  #text = '';
  #lastAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(emit: (stream: StreamName, text: string) => void, now: () => number = () => performance.now()) {
    this.#emit = emit;
    this.#now = now;
  }

  push(stream: StreamName, text: string): void {
    if (text === '') return;
    if (stream !== this.#stream) this.flush();
    this.#stream = stream;
    this.#text += text;
    const wait = this.#lastAt + EVENT_BATCH_MS - this.#now();
    if (wait <= 0 || this.#text.length >= EVENT_BATCH_BYTES) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), wait);
  }

  /** Passes on what waits; called before any other event, so that the order stays. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#text === '') return;
    let rest = collapseChunk(this.#text);
    this.#text = '';
    this.#lastAt = this.#now();
    while (rest !== '') {
      const piece = sliceSafe(rest, 0, EVENT_BATCH_BYTES);
      this.#emit(this.#stream, piece);
      rest = rest.slice(piece.length);
    }
  }
}
