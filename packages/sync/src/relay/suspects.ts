/** How long a person's failed updates to a document are remembered. */
const MEMORY_MS = 10 * 60_000;
const MAX_REMEMBERED = 10_000;

/**
 * SY14: people whose update broke a document in memory, so that it had to be loaded again for all. Once may be an accident of theirs
 * or of ours; who does it twice does not write to that document for ten minutes, or they could keep everyone else from working.
 */
export class Suspects {
  readonly #failures = new Map<string, { count: number; until: number }>();

  /** Notes an update that could not be applied. */
  failed(documentId: string, userId: string, now = Date.now()): void {
    const key = `${documentId} ${userId}`;
    const earlier = this.#failures.get(key);
    const count = earlier && earlier.until > now ? earlier.count + 1 : 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, until: now + MEMORY_MS });
    if (this.#failures.size > MAX_REMEMBERED) this.#failures.delete(this.#failures.keys().next().value!);
  }

  /** Whether nothing more is applied of what this person sends to this document. */
  mustWait(documentId: string, userId: string, now = Date.now()): boolean {
    if (this.#failures.size === 0) return false;
    const failures = this.#failures.get(`${documentId} ${userId}`);
    return failures !== undefined && failures.count > 1 && failures.until > now;
  }
}
