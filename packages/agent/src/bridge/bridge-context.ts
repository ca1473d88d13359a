import type { EventBus } from '@markco/core/bus';
import type { FileStore } from '@markco/sync/file-store/file-store';
import type { Log } from '@markco/sync/log';
import type { BridgeApi } from './bridge-api.ts';
import type { BridgeProblems } from './bridge-problems.ts';

/** What the parts of a bridge share. */
export interface BridgeContext {
  readonly root: string;
  readonly store: FileStore;
  readonly bus: EventBus;
  readonly log: Log;
  readonly deviceName: string;
  readonly problems: BridgeProblems;
  /** Null while there is no account (EL3). */
  readonly api: () => BridgeApi | null;
  /** The project on the server; null before it is registered. */
  readonly projectId: () => string | null;
  readonly trash: (file: string) => Promise<void>;
  /** Closes the document's connection and waits until nothing of it runs. */
  readonly cool: (documentId: string) => Promise<void>;
  readonly warm: (documentId: string) => void;
  readonly changed: () => void;
  /** Another exchange is needed: documents were tied or untied. */
  readonly exchangeSoon: () => void;
}

/** Tells the local relay that a document's path, history or existence changed under it. */
export async function announce(context: BridgeContext, documentId: string, change: 'renamed' | 'restored' | 'deleted'): Promise<void> {
  const meta = { userId: '', projectId: '' };
  await context.bus.publish({ topic: 'document.changed', ...meta, documentId, change });
}
