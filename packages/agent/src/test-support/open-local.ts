import { connectDocument } from '@markco/sync/client/connect-document';
import type { Ticket } from '@markco/sync/client/document-connection';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { waitUntil } from './wait-until.ts';

/** The text of a document behind a ticket; for tests. */
export async function createDocumentConnection(ticket: Ticket): Promise<string> {
  const doc = new Y.Doc();
  const connection = connectDocument({
    doc,
    getTicket: async () => ticket,
    epoch: null,
    onHistoryDiffers: () => {},
    WebSocket: WebSocket as never,
  });
  await waitUntil(() => connection.status.synced, 'the document');
  connection.close();
  return doc.getText('content').toString();
}
