import type { BusMessage } from '@markco/core/bus';
import type { RunEvent } from '@markco/core/run/run-event';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import { dispatchContextOf } from './dispatch-context.ts';
import { RunNews } from './run-news.ts';
import type { RunRow } from './run-row.ts';

/** What one transaction did to one run. */
interface Change {
  row: RunRow;
  changed: boolean;
  /** Null: which events became visible is not known here. */
  events: readonly RunEvent[] | null;
  lastSeq: number | null;
}

const changes = new WeakMap<SqlTx, Map<string, Change>>();

/** RU9: wakes the watchers of a run once the transaction is committed. Called again, the last row counts. */
export function publishRunChanged(resources: Resources, tx: SqlTx, row: RunRow): void {
  const change = changeOf(resources, tx, row);
  change.row = row;
  change.changed = true;
}

/**
 * RU16: wakes the watchers of a run's events once the transaction is committed.
 * @param row as it is now, `lastSeq` the last event watchers may see; @param events those that became visible, null where rows must tell
 */
export function publishRunEvents(resources: Resources, tx: SqlTx, row: RunRow, events: readonly RunEvent[] | null): void {
  const change = changeOf(resources, tx, row);
  change.row = row;
  change.events = events;
  change.lastSeq = row.lastSeq;
}

/** RU9: wakes every dispatcher once the transaction is committed. */
export function wakeDispatchers(resources: Resources, tx: SqlTx): void {
  tx.afterCommit(() => tell(resources, { topic: 'runs.wake' }));
}

/** RU8, RU9: lets what waits of this run's person start once the transaction is committed. `ended`: this run made room for it. */
export function handOverAfter(resources: Resources, tx: SqlTx, run: RunRow, ended: boolean): void {
  const heard = { userId: run.userId, cloud: ended && run.targetKind === 'cloud' };
  tx.afterCommit(() => dispatchContextOf(resources).mayStart(heard));
}

function changeOf(resources: Resources, tx: SqlTx, row: RunRow): Change {
  const ofTx = changes.get(tx) ?? new Map<string, Change>();
  changes.set(tx, ofTx);
  let change = ofTx.get(row.id);
  if (!change) {
    change = { row, changed: false, events: [], lastSeq: null };
    ofTx.set(row.id, change);
    const made = change;
    tx.afterCommit(() => {
      // The entry would keep the events until the next full collection.
      changes.delete(tx);
      tellChange(resources, made);
    });
  }
  return change;
}

/** One piece of news a run, also where two topics are told of it. */
function tellChange(resources: Resources, { row, changed, events, lastSeq }: Change): void {
  const of = { runId: row.id, userId: row.userId };
  const news = events ? new RunNews(row, events) : undefined;
  if (lastSeq !== null) tell(resources, { topic: 'run.events', ...of, lastSeq }, news);
  if (changed) tell(resources, { topic: 'run.changed', ...of }, news);
}

/** Nobody waits for a wake-up to arrive: the row is committed, and every loop looks by itself where one is lost. */
function tell(resources: Resources, message: BusMessage, hint?: RunNews): void {
  void resources.bus.publish(message, hint).catch(() => undefined);
}
