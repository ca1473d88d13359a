interface Sent {
  readonly bytes: Uint8Array;
  /** Edits up to this one are in it or in what was sent before it. */
  readonly upTo: number;
}

/**
 * SY5: counts edits made here until the relay has shown that they are durable: it sends each update back to its author after
 * the commit, in the order they were sent, so that the head of what is under way is recognised by its bytes. Equal bytes of
 * another author can only be the same deletion, which is then durable too.
 */
export class UnsavedEdits {
  #made = 0;
  #saved = 0;
  #underWay: Sent[] = [];
  #head = 0;

  /** Edits not acknowledged. */
  get count(): number {
    return this.#made - this.#saved;
  }

  /** The number of the newest edit. */
  get made(): number {
    return this.#made;
  }

  /** The number of the newest edit that is durable, with all before it. */
  get saved(): number {
    return this.#saved;
  }

  /** True while something sent in this connection has not come back. */
  get isWaiting(): boolean {
    return this.#head < this.#underWay.length;
  }

  /** One transaction changed the document here. Returns its number. */
  edited(): number {
    return ++this.#made;
  }

  /** Edits of earlier visits that the relay never acknowledged, in the document again. Before anything is sent. */
  found(count: number): void {
    this.#made += count;
  }

  /** An update with everything up to the newest edit left. */
  sent(bytes: Uint8Array): void {
    this.#underWay.push({ bytes, upTo: this.#made });
  }

  /** An update came from the relay; true where it acknowledges the oldest one under way. */
  received(bytes: Uint8Array): boolean {
    const oldest = this.#underWay[this.#head];
    if (!oldest || !sameBytes(oldest.bytes, bytes)) return false;
    this.#head++;
    this.#save(oldest.upTo);
    this.#compact();
    return true;
  }

  /** Everything sent before a question was durable when the relay answered it. `upTo`: {@link made} when it was asked, all of it sent. */
  confirmed(upTo: number): void {
    while (this.#head < this.#underWay.length && this.#underWay[this.#head]!.upTo <= upTo) this.#head++;
    this.#save(upTo);
    this.#compact();
  }

  /** The connection is gone: what was under way counts as not sent. */
  disconnected(): void {
    this.#underWay = [];
    this.#head = 0;
  }

  #save(upTo: number): void {
    this.#saved = Math.max(this.#saved, upTo);
  }

  #compact(): void {
    if (this.#head < 64 && this.#head < this.#underWay.length) return;
    this.#underWay = this.#underWay.slice(this.#head);
    this.#head = 0;
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
