import type { Live, OpenDocument, SaveState } from '@markco/editor/host';
import { createLive } from '@markco/editor/live';
import { connectDocument } from '@markco/sync/client/connect-document';
import type { Ticket } from '@markco/sync/client/document-connection';
import { mergeReplaced } from '@markco/sync/client/merge-replaced';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';

/** A document on the local relay, before it is shared between views. */
export interface AttachedDocument extends Omit<OpenDocument, 'release' | 'replacedBy'> {
  readonly replacedBy: Live<AttachedDocument | null>;
  reconnect(): void;
  close(): void;
}

const CONNECTING: SaveState = { connection: 'connecting', synced: false, unsaved: 0, keptLocally: false };

/**
 * EL3, SY5: attaches a document through the agent's relay on this computer. "Saved" means durable in the folder. The agent may start again
 * meanwhile: the ticket is asked for anew, with its new address and secret.
 */
export function attachDocument(documentId: string, getTicket: (documentId: string) => Promise<Ticket>): AttachedDocument {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const ready = createLive(false);
  const save = createLive<SaveState>(CONNECTING);
  const replacedBy = createLive<AttachedDocument | null>(null);
  const gone = createLive<string | null>(null);
  const text = (): string => doc.getText('content').toString();
  let epoch = '';
  let base: string | null = null;

  /** SY7: another history, as after signing in: what was typed here and not saved goes over as text. */
  const replace = (): void => {
    if (replacedBy.get()) return;
    const carried = { text: text(), base, unsaved: save.get().unsaved };
    connection.close();
    const next = attachDocument(documentId, getTicket);
    const stop = next.save.subscribe(() => {
      if (!next.save.get().synced) return;
      stop();
      if (carried.unsaved > 0) mergeReplaced(next.doc, carried.base ?? '', carried.text);
    });
    replacedBy.set(next);
  };
  const connection = connectDocument({
    ...{ doc, awareness, epoch: null, onHistoryDiffers: replace },
    getTicket: async () => {
      const ticket = await getTicket(documentId);
      if (epoch === '') epoch = ticket.epoch;
      return ticket;
    },
    onGone: () => gone.set('This document was deleted.'),
  });
  connection.subscribe((status) => {
    if (status.synced) ready.set(true);
    if (status.synced && status.unsaved === 0) base = text();
    save.set({ ...status, keptLocally: false });
  });
  return {
    ...{ id: documentId, doc, awareness, ready, save, replacedBy, gone },
    epoch: () => epoch,
    from: () => 'cold',
    reconnect: () => connection.reconnect(),
    close: () => {
      connection.close();
      awareness.destroy();
      doc.destroy();
    },
  };
}
