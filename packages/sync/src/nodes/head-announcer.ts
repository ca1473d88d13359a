/** What a document is at, as far as this process stored it. */
export interface Head {
  readonly epoch: string;
  readonly version: number;
}

/**
 * SY18: says once more, a second or so later, which versions documents reached here, so that a lost last message is noticed;
 * what could not be said is said when it can be.
 */
export class HeadAnnouncer {
  readonly #heads = new Map<string, Head>();
  readonly #say: (documentId: string, head: Head) => Promise<void>;
  #running = false;

  /** @param say rejects where the message was not handed over */
  constructor(say: (documentId: string, head: Head) => Promise<void>) {
    this.#say = say;
  }

  /** Documents that are still to be announced. */
  get size(): number {
    return this.#heads.size;
  }

  changed(documentId: string, head: Head): void {
    this.#heads.set(documentId, head);
  }

  /** Says everything that is due. Never rejects. */
  async announce(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    await Promise.all([...this.#heads].map(([documentId, head]) => this.#sayOne(documentId, head)));
    this.#running = false;
  }

  async #sayOne(documentId: string, head: Head): Promise<void> {
    try {
      await this.#say(documentId, head);
      if (this.#heads.get(documentId) === head) this.#heads.delete(documentId);
    } catch {
      // Kept for the next round.
    }
  }
}
