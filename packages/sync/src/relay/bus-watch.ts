import type { EventBus } from '@markco/core/bus';
import { CLOSE } from '@markco/core/sync/close-code';

/** What the bus makes the relay do. */
export interface BusActions {
  /** SE2: a session, device or token was revoked. */
  invalidate(userId: string, sid?: string): void;
  /** The document is deleted: everyone in it is closed. */
  end(documentId: string, code: number, reason: string): void;
  /** Its path or its history changed: read the row again. */
  refresh(documentId: string): void;
  /** It was renamed, deleted or restored: copies of it follow (SY12). */
  follow(documentId: string): void;
  /** Messages may have been missed. */
  refreshAll(): void;
}

/** Subscribes the relay to what concerns it. Returns the unsubscribe function. */
export function watchBus(bus: EventBus, actions: BusActions): () => void {
  const stops = [
    bus.subscribe('access.changed', ({ userId, sid }) => actions.invalidate(userId, sid)),
    bus.subscribe('document.changed', ({ documentId, change }) => {
      if (!documentId) return;
      if (change === 'deleted') actions.end(documentId, CLOSE.gone, 'The document was deleted.');
      if (change === 'renamed' || change === 'restored') actions.refresh(documentId);
      if (change === 'deleted' || change === 'renamed' || change === 'restored') actions.follow(documentId);
    }),
    bus.onReconnect(() => actions.refreshAll()),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
