import type { RunWatchItem } from '@markco/core/run/run-event';

/** How long after a failure it is asked again, in ms. */
const AGAIN_MS = 2_000;

type Subscribe = (
  input: { runId: string; after: number },
  handlers: { onData: (item: RunWatchItem | { data: RunWatchItem }) => void; onError: (error: unknown) => void },
) => { unsubscribe: () => void };

/**
 * RU17: follows a run from `after` until stopped. tRPC comes back by itself after a lost connection, but ends for good with an error; a
 * server whose database is away answers with one, so everything but a refusal (4xx) is asked again, from the last event that was seen.
 * @param subscribe `client.runs.watch.subscribe`
 * @param onFailed told of every error; `final` when it is not asked again
 * @returns stops following
 */
export function followRun(
  subscribe: Subscribe,
  runId: string,
  after: number,
  onItem: (item: RunWatchItem) => void,
  onFailed: (error: unknown, final: boolean) => void = () => {},
): () => void {
  let last = after;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let subscription: { unsubscribe: () => void } | undefined;
  const begin = () => {
    subscription = subscribe(
      { runId, after: last },
      {
        onData: (given) => {
          const item = 'data' in given ? given.data : given;
          if (item.type === 'event') last = Math.max(last, item.event.seq);
          if (!stopped) onItem(item);
        },
        onError: (error) => {
          if (stopped) return;
          const final = isRefusal(error);
          if (!final) timer = setTimeout(begin, AGAIN_MS);
          onFailed(error, final);
        },
      },
    );
  };
  begin();
  return () => {
    stopped = true;
    clearTimeout(timer);
    subscription?.unsubscribe();
  };
}

function isRefusal(error: unknown): boolean {
  const status = (error as { data?: { httpStatus?: unknown } } | null)?.data?.httpStatus;
  return typeof status === 'number' && status >= 400 && status < 500;
}
