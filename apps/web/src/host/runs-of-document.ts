import { newerRun } from '@markco/core/run/newer-run';
import type { RunView } from '@markco/core/run/run';
import type { Live } from '@markco/editor/host';
import { createLive } from '@markco/editor/live';

const POLL_MS = 5_000;

/** Reads and follows the runs of one document; kept while anyone looks. */
export class RunsOfDocument {
  readonly live: Live<readonly RunView[]>;
  private readonly value = createLive<readonly RunView[]>([]);
  private readonly byId = new Map<string, RunView>();
  private readonly load: () => Promise<RunView[]>;
  private timer: ReturnType<typeof setInterval> | undefined;
  private lookers = 0;

  constructor(load: () => Promise<RunView[]>) {
    this.load = load;
    this.live = {
      get: this.value.get,
      subscribe: (listener) => {
        if (this.lookers++ === 0) this.begin();
        const stop = this.value.subscribe(listener);
        return () => {
          stop();
          if (--this.lookers === 0) clearInterval(this.timer);
        };
      },
    };
  }

  /** A newer view of a run, wherever it came from; views never go back in time. */
  merge(run: RunView): void {
    const known = this.byId.get(run.id);
    if (known && newerRun(known, run) === known) return;
    this.byId.set(run.id, run);
    this.value.set([...this.byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1)));
  }

  /** Reads the list again; failures leave what is known. */
  async refresh(): Promise<void> {
    try {
      for (const run of await this.load()) this.merge(run);
    } catch {
      // Offline or signed out: the save state and the session say so; the known runs stay true.
    }
  }

  /** Adds what `load` finds before the oldest known run; answers how many were new. Rejects as `load` does. */
  async loadOlder(load: (before: string) => Promise<RunView[]>): Promise<number> {
    const oldest = this.value.get().at(-1);
    if (!oldest) return 0;
    const older = await load(oldest.id);
    for (const run of older) this.merge(run);
    return older.length;
  }

  private begin(): void {
    void this.refresh();
    this.timer = setInterval(() => void this.refresh(), POLL_MS);
  }
}
