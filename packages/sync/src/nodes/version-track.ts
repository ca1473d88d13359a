/**
 * Which updates of a document are in memory (SY18). The store counts them; batches come from several processes and so out of
 * order. Up to `upTo` everything is here; `ahead` are batches after a hole.
 */
export class VersionTrack {
  #upTo: number;
  #highest: number;
  /** First to last version of each batch after a hole. */
  readonly #ahead = new Map<number, number>();

  /** @param version of the state that was loaded */
  constructor(version: number) {
    this.#upTo = version;
    this.#highest = version;
  }

  /** Every update up to this version is in memory. */
  get upTo(): number {
    return this.#upTo;
  }

  /** Whether something is known to be missing. */
  get behind(): boolean {
    return this.#highest > this.#upTo;
  }

  /** The updates after `from`, up to `to`, are in memory. False where all of them were before. */
  add(from: number, to: number): boolean {
    if (to <= this.#upTo || (this.#ahead.get(from) ?? 0) >= to) return false;
    this.see(to);
    if (from <= this.#upTo) this.reach(to);
    else this.#ahead.set(from, to);
    return true;
  }

  /** The document is at this version, wherever its updates are. */
  see(version: number): void {
    this.#highest = Math.max(this.#highest, version);
  }

  /** Everything up to this version is in memory: it was read. */
  reach(version: number): void {
    this.see(version);
    let upTo = Math.max(this.#upTo, version);
    for (let next = this.#next(upTo); next !== undefined; next = this.#next(upTo)) upTo = Math.max(upTo, next);
    this.#upTo = upTo;
  }

  /** Takes out a batch that begins within what is here; its end. */
  #next(upTo: number): number | undefined {
    for (const [from, to] of this.#ahead) {
      if (from > upTo) continue;
      this.#ahead.delete(from);
      return to;
    }
    return undefined;
  }
}
