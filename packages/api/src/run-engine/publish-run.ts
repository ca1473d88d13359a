import type { BusMessage } from '@markco/core/bus';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import type { RunRow } from './run-row.ts';

/** RU9: wakes the watchers of a run once the transaction is committed. */
export function publishRunChanged(resources: Resources, tx: SqlTx, row: Pick<RunRow, 'id' | 'userId'>): void {
  tell(resources, tx, { topic: 'run.changed', runId: row.id, userId: row.userId });
}

/** RU9: wakes every dispatcher once the transaction is committed. */
export function wakeDispatchers(resources: Resources, tx: SqlTx): void {
  tell(resources, tx, { topic: 'runs.wake' });
}

/** RU16: wakes the watchers of a run's events once the transaction is committed. */
export function publishRunEvents(resources: Resources, tx: SqlTx, row: Pick<RunRow, 'id' | 'userId'>, lastSeq: number): void {
  tell(resources, tx, { topic: 'run.events', runId: row.id, userId: row.userId, lastSeq });
}

/** Nobody waits for a wake-up to arrive: the row is committed, and every loop looks by itself where one is lost. */
function tell(resources: Resources, tx: SqlTx, message: BusMessage): void {
  tx.afterCommit(() => void resources.bus.publish(message).catch(() => undefined));
}
