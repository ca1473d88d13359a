import { isTerminal } from '@markco/core/run/run';
import type { RunEvent, RunEventBody, RunWatchItem } from '@markco/core/run/run-event';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { type RunPlace, scopedSql } from '../scope.ts';
import { inOrder } from './in-order.ts';
import { outlast } from './outlast.ts';
import { RUN_COLUMNS } from './run-columns.ts';
import { RunInbox, type RunNews } from './run-news.ts';
import { type RunRow, toRunView } from './run-row.ts';
import { createWaker } from './waker.ts';

/** Of up to 16 KB each, so that a page of them is about a megabyte. */
const PAGE = 64;
const MAX_SEQ = 2 ** 31 - 1;
/** A lost notification costs a watcher this much, in ms. */
const LOOK_AGAIN_MS = 2_000;

/**
 * RU17: the run, its backlog from `after`, then both as they change; no gap and no repeat, on any web process. Ends after the last event
 * of a run that has ended, or with the signal. Subscribes before it reads, and shows what rows say: as this process has just committed
 * them, else as it reads them. A database that is away only makes it wait.
 * @param known the run's place, where the caller has asked whether the person may see it
 * @throws AppError not_found before the first item
 */
export async function* watchRun(
  resources: Resources,
  principal: Principal,
  runId: string,
  after: number,
  signal: AbortSignal,
  known?: RunPlace,
): AsyncGenerator<RunWatchItem> {
  const ear = listen(resources, runId, signal);
  const look = <T>(ask: () => Promise<T>) => outlast(resources, 'run', signal, ear.waker, ask);
  const ask = (last: number) => Promise.all([readRun(resources, runId), eventsPage(resources, runId, last, MAX_SEQ, PAGE)]);
  try {
    const placed = () => known ?? scopedSql(resources.sql, principal).run(runId);
    const [place, first] = (await look(() => ear.inbox.look(() => inOrder(placed(), ask(after))))) ?? [];
    let looked = first ?? null;
    let last = after;
    for (let shown = ''; place; ) {
      const [row, found] = looked ?? [];
      if (!row || !found) return;
      // The view first, so that a watcher knows what the events belong to; again after them, when they changed it.
      const view = toRunView({ ...row, project: { slug: place.projectSlug } });
      const ended = isTerminal(view.state);
      if (!ended && differs(shown, view)) yield { type: 'run', run: view };
      const page = (from: number) => look(() => eventsPage(resources, runId, from, row.lastSeq, PAGE));
      for await (const event of readEvents(page, found, last, row.lastSeq)) {
        last = event.seq;
        yield { type: 'event', event };
      }
      if (signal.aborted) return;
      if (ended) {
        yield { type: 'run', run: view };
        return;
      }
      shown = fingerprint(view);
      const news = await ear.heard(row, last);
      const from = last;
      looked = news === 'look' ? await look(() => ear.inbox.look(() => ask(from))) : [news.row, [...news.events]];
    }
  } finally {
    ear.close();
  }
}

/** Hears of a run until it is closed. */
function listen({ bus }: Resources, runId: string, signal: AbortSignal) {
  const waker = createWaker(signal);
  const inbox = new RunInbox();
  const hear = (message: { runId: string }, hint?: unknown) => {
    if (message.runId !== runId) return;
    inbox.hear(hint);
    waker.wake();
  };
  const unsubscribe = [bus.subscribe('run.events', hear), bus.subscribe('run.changed', hear), bus.onReconnect(() => hear({ runId }))];
  return {
    waker,
    inbox,
    /** The next news; `look` where the rows must tell, or nothing came for so long that they should be asked. */
    async heard(known: RunRow, lastShown: number): Promise<RunNews | 'look'> {
      for (;;) {
        const news = inbox.next(known, lastShown);
        if (news) return news;
        if (signal.aborted || !(await waker.next(LOOK_AGAIN_MS))) return 'look';
      }
    },
    close() {
      for (const stop of unsubscribe) stop();
      waker.close();
    },
  };
}

/** The events after `last` up to `until`, page by page, in order. `found`: the first page as it was when the row was asked for. */
async function* readEvents(
  readPage: (from: number) => Promise<RunEvent[] | null>,
  found: RunEvent[],
  last: number,
  until: number,
): AsyncGenerator<RunEvent> {
  // It may hold less than the row counts, or more, or what came before a gap was filled: up to the first gap it is right.
  const known = found.filter((event, i) => event.seq <= until && event.seq === last + 1 + i);
  yield* known;
  for (let from = known.at(-1)?.seq ?? last; from < until; ) {
    const page = await readPage(from);
    if (!page) return;
    yield* page;
    if (page.length < PAGE) return;
    from = page.at(-1)!.seq;
  }
}

/** Events with `from` < seq ≤ `until`. Where the log was shortened (RU18) seqs are missing and a note says so. */
export async function eventsPage(resources: Resources, runId: string, from: number, until: number, limit: number): Promise<RunEvent[]> {
  const rows = await resources.sql.rows<{ seq: number; at: Date; body: RunEventBody }>(
    'SELECT seq, at, body FROM run_events WHERE run_id = $1::uuid AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4',
    [runId, from, until, limit],
  );
  return rows.map((row) => ({ seq: row.seq, at: row.at.getTime(), body: row.body }));
}

async function readRun(resources: Resources, runId: string): Promise<RunRow | undefined> {
  const [row] = await resources.sql.rows<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = $1::uuid`, [runId]);
  return row;
}

// lastSeq moves with every event, which the watcher sees anyway.
const fingerprint = (view: object): string => JSON.stringify({ ...view, lastSeq: 0 });
const differs = (shown: string, view: object): boolean => fingerprint(view) !== shown;
