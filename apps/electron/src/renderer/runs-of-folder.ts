import { isTerminal } from '@markco/core/run/is-terminal';
import { newerRun } from '@markco/core/run/newer-run';
import type { RunView } from '@markco/core/run/run';
import type { RunWatchItem } from '@markco/core/run/run-event';
import type { Live } from '@markco/editor/host';
import { createLive, type LiveValue } from '@markco/editor/live';
import { call } from './bridge.ts';

type Watcher = (item: RunWatchItem) => void;

/** The runs of a folder as the agent tells of them: lists by document, and watchers by run (RU17). */
export class RunsOfFolder {
  readonly #root: string;
  readonly #lists = new Map<string, LiveValue<readonly RunView[]>>();
  readonly #watchers = new Map<string, Set<Watcher>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The runs of a document, newest first; read once, then followed. */
  of(documentId: string): Live<readonly RunView[]> {
    return this.#list(documentId);
  }

  see(run: RunView): void {
    const list = this.#list(run.documentId);
    const known = list.get().find(({ id }) => id === run.id);
    // An answer may arrive after a push that came later than it: a run never goes back.
    if (known && newerRun(known, run) === known) return;
    const others = list.get().filter(({ id }) => id !== run.id);
    list.set([...others, run].sort((a, b) => (a.id < b.id ? 1 : -1)));
  }

  /** A push of the agent. */
  take(runId: string, item: RunWatchItem): void {
    if (item.type === 'run') this.see(item.run);
    for (const watcher of [...(this.#watchers.get(runId) ?? [])]) watcher(item);
  }

  /** RU17: what there is behind `after`, then what comes; nothing twice, nothing missing. Returns the stop function. */
  watch(runId: string, after: number, onItem: Watcher): () => void {
    let seen = after;
    let waiting: RunWatchItem[] | null = [];
    const pass = (item: RunWatchItem): void => {
      if (item.type === 'event' && item.event.seq <= seen) return;
      if (item.type === 'event') seen = item.event.seq;
      onItem(item);
    };
    const watcher: Watcher = (item) => (waiting ? waiting.push(item) : pass(item));
    const all = this.#watchers.get(runId) ?? new Set<Watcher>();
    this.#watchers.set(runId, all.add(watcher));
    const flush = (): void => {
      const held = waiting ?? [];
      waiting = null;
      for (const item of held) pass(item);
    };
    call('readRun', { root: this.#root, runId, after })
      .then(({ run, events }) => {
        if (!all.has(watcher)) return;
        for (const event of events) pass({ type: 'event', event });
        pass({ type: 'run', run });
        flush();
      })
      // A run of before the last start: its output stands in the document.
      .catch(flush);
    return () => {
      all.delete(watcher);
      if (all.size === 0) this.#watchers.delete(runId);
    };
  }

  /** The agent started again: what it does not know any more went with it. */
  async afterRestart(): Promise<void> {
    for (const [documentId, list] of this.#lists) {
      const known = await call('listRuns', { root: this.#root, documentId }).catch(() => null);
      if (!known) continue;
      const alive = new Set(known.map(({ id }) => id));
      list.set(list.get().map((run) => (isTerminal(run.state) || alive.has(run.id) ? run : lost(run))));
    }
  }

  #list(documentId: string): LiveValue<readonly RunView[]> {
    let list = this.#lists.get(documentId);
    if (!list) {
      list = createLive<readonly RunView[]>([]);
      this.#lists.set(documentId, list);
      void call('listRuns', { root: this.#root, documentId }).then(
        (runs) => runs.forEach((run) => void this.see(run)),
        () => undefined,
      );
    }
    return list;
  }
}

const lost = (run: RunView): RunView => ({
  ...run,
  state: 'interrupted',
  endedAt: new Date(),
  awaitingInput: null,
  message: 'The background process stopped while this ran; the variables of the session are gone.',
});
