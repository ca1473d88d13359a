import { withDeadline } from './with-deadline.ts';

// A question that hangs must not hold up those after it.
const ANSWER_WITHIN_MS = 10_000;

/** Fetches many keys with one question; what is missing from the answer does not exist. */
export type FetchGroup<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

interface Asked<Value> {
  readonly resolve: (value: Value | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Turns lookups one by one into few questions: what is asked in one turn of the event loop, or while a question is under way, goes
 * together with the next. An answer is never older than the request for it.
 */
export class GroupLookup<Value> {
  readonly #fetch: FetchGroup<Value>;
  readonly #atOnce: number;
  readonly #answerWithinMs: number;
  #waiting = new Map<string, Asked<Value>[]>();
  #running = false;

  /** @param atOnce most keys of one question */
  constructor(fetch: FetchGroup<Value>, atOnce: number, answerWithinMs = ANSWER_WITHIN_MS) {
    this.#fetch = fetch;
    this.#atOnce = atOnce;
    this.#answerWithinMs = answerWithinMs;
  }

  /** The value of a key, or null. Rejects with all others of its group where the question fails. */
  get(key: string): Promise<Value | null> {
    return new Promise((resolve, reject) => {
      const asked = this.#waiting.get(key);
      if (asked) asked.push({ resolve, reject });
      else this.#waiting.set(key, [{ resolve, reject }]);
      if (this.#running) return;
      this.#running = true;
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) await this.#ask(this.#take());
    this.#running = false;
  }

  #take(): Map<string, Asked<Value>[]> {
    if (this.#waiting.size <= this.#atOnce) {
      const all = this.#waiting;
      this.#waiting = new Map();
      return all;
    }
    const group = new Map([...this.#waiting].slice(0, this.#atOnce));
    for (const key of group.keys()) this.#waiting.delete(key);
    return group;
  }

  async #ask(group: ReadonlyMap<string, readonly Asked<Value>[]>): Promise<void> {
    try {
      const found = await withDeadline(this.#fetch([...group.keys()]), this.#answerWithinMs);
      for (const [key, asked] of group) for (const { resolve } of asked) resolve(found.get(key) ?? null);
    } catch (error) {
      for (const asked of group.values()) for (const { reject } of asked) reject(error);
    }
  }
}
