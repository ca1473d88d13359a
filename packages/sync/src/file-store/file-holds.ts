/** FB7: the documents whose files are left alone while a rename or a removal is being decided, and those whose missing file may be written again. */
export class FileHolds {
  readonly #held = new Set<string>();
  readonly #mayRecreate = new Set<string>();

  hold(documentId: string): void {
    this.#held.add(documentId);
  }

  isHeld(documentId: string): boolean {
    return this.#held.has(documentId) && !this.mayRecreate(documentId);
  }

  mayRecreate(documentId: string): boolean {
    return this.#mayRecreate.has(documentId);
  }

  /** Ends the hold and runs `work`; meanwhile a file that is gone may be written again where `recreate` says so. */
  async release(documentId: string, recreate: boolean, work: () => Promise<unknown> | undefined): Promise<void> {
    this.forget(documentId);
    if (recreate) this.#mayRecreate.add(documentId);
    try {
      await work();
    } finally {
      this.#mayRecreate.delete(documentId);
    }
  }

  forget(documentId: string): void {
    this.#held.delete(documentId);
  }
}
