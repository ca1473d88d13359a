import { AppError } from '@markco/core/errors';
import { connectDocument } from '@markco/sync/client/connect-document';
import type { DocumentConnection, Ticket } from '@markco/sync/client/document-connection';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { Resources } from '../resources.ts';
import { signTicket, ticketUrl } from '../tickets.ts';

/** A document as a server-side client of the relay has it. */
export interface ServerDocument {
  readonly doc: Y.Doc;
  /** Deleted, or its history was replaced: open it anew. */
  readonly stale: boolean;
  /** Resolves once the relay's state is here; rejects with the signal. */
  synced(signal: AbortSignal): Promise<void>;
  flushed(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** RU20: connects to a document on the relay like any client, with a ticket signed here, speaking for the owner of the run. */
export function openServerDocument(resources: Resources, documentId: string, relayUrl: string | undefined): ServerDocument {
  const doc = new Y.Doc();
  let stale = false;
  const end = () => {
    stale = true;
  };
  const connection = connectDocument({
    doc,
    epoch: null,
    getTicket: () => makeTicket(resources, documentId, relayUrl),
    onHistoryDiffers: end,
    onGone: end,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  return {
    doc,
    get stale() {
      return stale || connection.status.connection === 'refused';
    },
    synced: (signal) => untilSynced(connection, signal),
    flushed: (signal) => connection.flushed(signal),
    close() {
      connection.close();
      doc.destroy();
    },
  };
}

async function makeTicket(resources: Resources, documentId: string, relayUrl: string | undefined): Promise<Ticket> {
  const row = await resources.db.document.findFirst({
    where: { id: documentId, deletedAt: null },
    select: { userId: true, project: true, docPath: true, epoch: true },
  });
  if (!row) throw new AppError('not_found', 'The document was deleted.');
  const claims = { sub: row.userId, doc: documentId, mode: 'write' as const, epoch: row.epoch, name: 'MarkCo' };
  const { token, expiresAt } = await signTicket(resources.secret, claims, resources.clock.now());
  return { url: ticketUrl(relayUrl ?? resources.relayUrl(null), row), token, documentId, epoch: row.epoch, expiresAt };
}

function untilSynced(connection: DocumentConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const { status } = connection;
      if (status.synced) finish(resolve);
      else if (status.connection === 'refused') finish(() => reject(new Error(status.problem ?? 'refused')));
    };
    const onAbort = () => finish(() => reject(new Error('the relay did not answer in time')));
    const stop = connection.subscribe(look);
    const finish = (settle: () => void) => {
      stop();
      signal.removeEventListener('abort', onAbort);
      settle();
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else look();
  });
}
