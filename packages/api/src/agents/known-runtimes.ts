/**
 * What this process knows the rows say of a device's runtimes, so that a heartbeat that repeats it writes nothing of them. Writers
 * overlap; what they leave behind is known only of one that was alone.
 */
export class KnownRuntimes {
  /** As JSON; null where it is not known. */
  stored: string | null = null;
  #changes = 0;

  /** A writer begins. It calls the answer with what it stored once that is committed; one that fails does not. */
  begin(): (stored: string | null) => void {
    this.stored = null;
    const mine = ++this.#changes;
    return (stored) => {
      const alone = mine === this.#changes;
      this.#changes++;
      this.stored = alone ? stored : null;
    };
  }
}
