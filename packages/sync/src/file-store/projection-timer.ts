const MAX_WAIT_FACTOR = 3;

/** When documents are written to their files: shortly after the last change, and not much later under constant typing (FB6). */
export class ProjectionTimer {
  readonly #delayMs: number;
  readonly #project: (documentId: string) => Promise<void>;
  readonly #waiting = new Map<string, { timer: NodeJS.Timeout; latest: number }>();
  #closed = false;

  constructor(delayMs: number, project: (documentId: string) => Promise<void>) {
    this.#delayMs = delayMs;
    this.#project = project;
  }

  schedule(documentId: string, delayMs: number = this.#delayMs): void {
    if (this.#closed) return;
    const now = Date.now();
    const waiting = this.#waiting.get(documentId);
    const latest = waiting?.latest ?? now + delayMs * MAX_WAIT_FACTOR;
    clearTimeout(waiting?.timer);
    const timer = setTimeout(() => void this.flush(documentId).catch(() => undefined), Math.max(0, Math.min(now + delayMs, latest) - now));
    this.#waiting.set(documentId, { timer, latest });
  }

  /** Writes it now; resolves when the file has it (or a problem was told and it is tried again). */
  async flush(documentId: string): Promise<void> {
    this.cancel(documentId);
    await this.#project(documentId);
  }

  isWaiting(documentId: string): boolean {
    return this.#waiting.has(documentId);
  }

  async flushAll(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((id) => this.flush(id)));
  }

  cancel(documentId: string): void {
    clearTimeout(this.#waiting.get(documentId)?.timer);
    this.#waiting.delete(documentId);
  }

  close(): void {
    this.#closed = true;
    for (const id of [...this.#waiting.keys()]) this.cancel(id);
  }
}
