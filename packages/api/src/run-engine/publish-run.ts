import type { Tx } from '@markco/db/client';
import type { Resources } from '../resources.ts';
import type { RunRow } from './run-row.ts';

/** RU9: wakes the watchers of a run once the transaction is committed. */
export function publishRunChanged(resources: Resources, tx: Tx, row: Pick<RunRow, 'id' | 'userId'>): void {
  tx.afterCommit(() => resources.bus.publish({ topic: 'run.changed', runId: row.id, userId: row.userId }));
}

/** RU9: wakes every dispatcher once the transaction is committed. */
export function wakeDispatchers(resources: Resources, tx: Tx): void {
  tx.afterCommit(() => resources.bus.publish({ topic: 'runs.wake' }));
}
