import type { BusMessage } from '@markco/core/bus';
import type { Tx } from '@markco/db/client';
import type { Resources } from '../../resources.ts';

type Change = Extract<BusMessage, { topic: 'document.changed' }>['change'];

/** Tells relays, bridges and pages after the commit. `by`: the session, token or device that did it. */
export function publishDocument(
  resources: Resources,
  tx: Tx,
  row: { userId: string; projectId: string; id: string },
  change: Change,
  by: string,
): void {
  const message = { topic: 'document.changed', userId: row.userId, projectId: row.projectId, documentId: row.id, change, by } as const;
  tx.afterCommit(() => resources.bus.publish(message));
}
