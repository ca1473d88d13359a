/** What happened to one token: a word that exists once in the world. */
interface Entry {
  /** Its author's client called it saved. */
  saved: boolean;
  /** Somebody else was shown it. */
  seen: boolean;
  deleted: 'no' | 'asked' | 'saved';
}

const TOKEN = /<[a-z0-9]+\.\d+>/g;

/** The tokens in a text, in order. */
export const tokensOf = (text: string): string[] => text.match(TOKEN) ?? [];

/**
 * The books of one document, kept by those who type in it: which tokens were made, called saved, and seen by others. Any
 * copy of the document can be held against them.
 */
export class TokenLedger {
  readonly #entries = new Map<string, Entry>();
  #saved = 0;

  /** Tokens and deletions whose authors were told "Saved". */
  get saved(): number {
    return this.#saved;
  }

  get made(): number {
    return this.#entries.size;
  }

  get seen(): number {
    let seen = 0;
    for (const entry of this.#entries.values()) if (entry.seen) seen++;
    return seen;
  }

  noteMade(token: string): void {
    this.#entries.set(token, { saved: false, seen: false, deleted: 'no' });
  }

  noteSaved(token: string): void {
    this.#saved++;
    this.#entries.get(token)!.saved = true;
  }

  noteDeleting(token: string): void {
    this.#entries.get(token)!.deleted = 'asked';
  }

  noteDeletionSaved(token: string): void {
    this.#saved++;
    this.#entries.get(token)!.deleted = 'saved';
  }

  noteSeen(text: string): void {
    for (const token of tokensOf(text)) {
      const entry = this.#entries.get(token);
      if (entry) entry.seen = true;
    }
  }

  /**
   * SY4, SY5: everything wrong with a text that is said to be durable: acknowledged or relayed tokens that are not in it,
   * tokens twice, torn or unknown ones, and acknowledged deletions that came back. Empty where the promise was kept.
   */
  faults(text: string): string[] {
    const faults: string[] = [];
    const times = new Map<string, number>();
    for (const token of tokensOf(text)) times.set(token, (times.get(token) ?? 0) + 1);
    const rest = text.replace(TOKEN, '');
    if (rest) faults.push(`text that nobody typed: ${JSON.stringify(rest.slice(0, 80))}`);
    for (const [token, count] of times) {
      if (count > 1) faults.push(`${token} is there ${count} times`);
      if (!this.#entries.has(token)) faults.push(`${token} was never typed`);
    }
    for (const [token, { saved, seen, deleted }] of this.#entries) {
      const there = times.has(token);
      if (deleted === 'saved' && there) faults.push(`${token} was deleted, acknowledged, and is there`);
      if (deleted !== 'no' || there) continue;
      if (saved) faults.push(`${token} was acknowledged and is lost`);
      if (seen) faults.push(`${token} was relayed and is lost`);
    }
    return faults.slice(0, 20);
  }
}
