/** What a cell of a simulated day does. Its code is this, as JSON. */
export interface CellPlan {
  /** Names the run; no two runs have the same. */
  readonly tag: string;
  readonly lines: number;
  readonly everyMs: number;
  readonly ask: 'text' | 'password' | null;
  readonly end: 'ok' | 'error' | 'die';
}

/** One execution of a cell, as the runtime saw it. */
interface Execution {
  /** The computer's name. */
  readonly on: string;
  /** Nothing had run in the namespace before. */
  readonly fresh: boolean;
}

/** What really happened, kept outside of everything that may forget it. */
export class DayBook {
  readonly #executions = new Map<string, Execution[]>();
  readonly #printed = new Map<string, string>();
  readonly #finished = new Set<string>();
  readonly #asking = new Set<string>();

  executed(tag: string, execution: Execution): void {
    this.#executions.set(tag, [...this.executionsOf(tag), execution]);
  }

  printed(tag: string, text: string): void {
    this.#printed.set(tag, this.printedBy(tag) + text);
  }

  /** The cell said all it had to say, or was interrupted, while its computer lived. */
  finished(tag: string): void {
    this.#finished.add(tag);
  }

  isFinished(tag: string): boolean {
    return this.#finished.has(tag);
  }

  /** The code waits for somebody's answer, or does not any more. */
  asks(tag: string, asking: boolean): void {
    if (asking) this.#asking.add(tag);
    else this.#asking.delete(tag);
  }

  isAsking(tag: string): boolean {
    return this.#asking.has(tag);
  }

  executionsOf(tag: string): Execution[] {
    return this.#executions.get(tag) ?? [];
  }

  printedBy(tag: string): string {
    return this.#printed.get(tag) ?? '';
  }
}
