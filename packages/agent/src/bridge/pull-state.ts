import { connectDocument } from '@markco/sync/client/connect-document';
import type { Ticket } from '@markco/sync/client/document-connection';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

/** A document's state as the server has it. `state`: Yjs V1 update. */
export interface PulledState {
  readonly epoch: string;
  readonly state: Uint8Array;
}

/** Fetches the whole state over a connection of its own (SY7: into an empty document). Rejects with the signal's reason, or where the server refuses. */
export async function pullState(getTicket: () => Promise<Ticket>, signal: AbortSignal): Promise<PulledState> {
  const doc = new Y.Doc();
  let epoch = '';
  const connection = connectDocument({
    doc,
    epoch: null,
    getTicket: async () => {
      const ticket = await getTicket();
      epoch = ticket.epoch;
      return ticket;
    },
    onHistoryDiffers: () => undefined,
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (connection.status.synced) resolve();
        else if (connection.status.connection === 'refused')
          reject(new Error(connection.status.problem ?? 'The server refused the document.'));
      };
      connection.subscribe(look);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (signal.aborted) reject(signal.reason);
      look();
    });
    return { epoch, state: Y.encodeStateAsUpdate(doc) };
  } finally {
    connection.close();
    doc.destroy();
  }
}
