import { isTerminal } from '@markco/core/run/is-terminal';
import type { RunWatchItem, WatchedEvent } from '@markco/core/run/run-event';
import type { Live, WorkspaceHost } from '../host.tsx';
import { createLive, type LiveValue } from '../live.ts';
import { emptyOutput, type OutputModel, reduceWatched } from './output-model.ts';

type Feed = {
  live: LiveValue<OutputModel>;
  users: number;
  stop: (() => void) | null;
  waiting: WatchedEvent[];
  timer: Timer;
  flushedAt: number;
};
type Timer = ReturnType<typeof setTimeout> | undefined;

const FLUSH_MS = 50;
const KEPT_FEEDS = 60;

/** The outputs of runs, drawn from their events (RU17, RU20). A feed is watched while someone looks at it, and remembered for a while. */
export class RunFeeds {
  readonly #host: Pick<WorkspaceHost, 'watchRun'>;
  readonly #feeds = new Map<string, Feed>();

  constructor(host: Pick<WorkspaceHost, 'watchRun'>) {
    this.#host = host;
  }

  /** The output of a run, without watching it. */
  peek(runId: string): Live<OutputModel> {
    return this.#feed(runId).live;
  }

  /** Watches a run until the returned function is called. */
  watch(runId: string): () => void {
    const feed = this.#feed(runId);
    feed.users += 1;
    this.#start(runId, feed);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      feed.users -= 1;
      if (feed.users === 0) this.#pause(feed);
    };
  }

  /** Stops everything; nothing is called back afterwards. */
  close(): void {
    for (const feed of this.#feeds.values()) this.#pause(feed);
    this.#feeds.clear();
  }

  #feed(runId: string): Feed {
    let feed = this.#feeds.get(runId);
    if (!feed) {
      feed = { live: createLive(emptyOutput()), users: 0, stop: null, waiting: [], timer: undefined, flushedAt: 0 };
      this.#feeds.set(runId, feed);
      this.#forgetOld();
    }
    return feed;
  }

  #forgetOld(): void {
    for (const [id, feed] of this.#feeds) {
      if (this.#feeds.size <= KEPT_FEEDS) return;
      if (feed.users === 0 && feed.live.get().lastSeq > 0) this.#feeds.delete(id);
    }
  }

  #start(runId: string, feed: Feed): void {
    if (feed.stop || feed.live.get().ended) return;
    let stopped = false;
    const onItem = (item: RunWatchItem) => {
      if (stopped) return;
      if (item.type === 'event') this.#receive(feed, item);
      // The last item (RU17): only it tells the host how the run ended, so the last event does not stop the watching.
      else if (isTerminal(item.run.state)) this.#pause(feed);
    };
    const stop = this.#host.watchRun(runId, feed.live.get().lastSeq, onItem, { abridged: true });
    feed.stop = () => {
      stopped = true;
      stop();
    };
  }

  #receive(feed: Feed, item: WatchedEvent): void {
    feed.waiting.push(item);
    const since = Date.now() - feed.flushedAt;
    if (item.event.body.kind === 'ended' || since >= FLUSH_MS) this.#flush(feed);
    else feed.timer ??= setTimeout(() => this.#flush(feed), FLUSH_MS - since);
  }

  #flush(feed: Feed): void {
    clearTimeout(feed.timer);
    feed.timer = undefined;
    feed.flushedAt = Date.now();
    const items = feed.waiting;
    feed.waiting = [];
    if (items.length > 0) feed.live.set(reduceWatched(feed.live.get(), items));
  }

  #pause(feed: Feed): void {
    const { stop } = feed;
    feed.stop = null;
    stop?.();
    if (feed.waiting.length > 0) this.#flush(feed);
    clearTimeout(feed.timer);
    feed.timer = undefined;
  }
}
