/** RU12: the cancels one socket of a device was told, and whether by force: what it has not been told is found in the rows. */
export class ToldCancels {
  readonly #forced = new Map<string, boolean>();

  tell(runId: string, force: boolean): void {
    this.#forced.set(runId, force || this.#forced.get(runId) === true);
  }

  /** Whether this socket knows as much as the row says. */
  has(runId: string, force: boolean): boolean {
    const forced = this.#forced.get(runId);
    return forced !== undefined && (forced || !force);
  }

  runIds(): string[] {
    return [...this.#forced.keys()];
  }

  forget(runId: string): void {
    this.#forced.delete(runId);
  }
}
