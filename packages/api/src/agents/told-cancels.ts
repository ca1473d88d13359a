/**
 * RU12: the cancels one socket of a device was told, and whether by force: what it has not been told is found in the rows. A second Stop
 * without force leaves no mark there: the wish is the same, it goes over the bus, and where that was cut just then it is not said again. The
 * pages offer none (after a Stop they offer force), and whoever asks twice with `markco cancel` or the API sees the run go on, and may ask again.
 */
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
