import type { TicketReply } from '@markco/core/contract/projects';
import type { Live, OpenDocument, SaveState } from '@markco/editor/host';
import { createLive } from '@markco/editor/live';
import { connectDocument } from '@markco/sync/client/connect-document';
import type { DocumentConnection } from '@markco/sync/client/document-connection';
import { mergeReplaced } from '@markco/sync/client/merge-replaced';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type CachedDocument, openCachedDocument } from './cached-document.ts';
import * as local from './local-db.ts';

const CONNECTING: SaveState = { connection: 'connecting', synced: false, unsaved: 0, keptLocally: false };

/** What the attached document needs from the host. */
export interface OpenDocumentDeps {
  ticket(documentId: string): Promise<TicketReply>;
  user: { id: string; name: string; color: string };
  /** WB9: how long an edit took until the relay had confirmed it, in ms. */
  onConfirmed(ms: number): void;
}

/** An {@link OpenDocument} before it is shared, and what the host itself needs of it. */
export interface AttachedDocument extends Omit<OpenDocument, 'release' | 'replacedBy'> {
  readonly replacedBy: Live<AttachedDocument | null>;
  reconnect(): void;
  close(): void;
}

const epochKey = (documentId: string) => `epoch:${documentId}`;

/**
 * Attaches a document: cached text at once, then the relay (WB3, SY5). Edits are in IndexedDB before they are sent, and
 * "unsaved" counts across a reload until the relay has confirmed.
 */
export function openDocument(documentId: string, deps: OpenDocumentDeps, fresh = false): AttachedDocument {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  awareness.setLocalStateField('user', { name: deps.user.name, color: deps.user.color, colorLight: `${deps.user.color}33` });
  const ready = createLive(false);
  const save = createLive<SaveState>(CONNECTING);
  const replacedBy = createLive<AttachedDocument | null>(null);
  const gone = createLive<string | null>(null);
  let epoch = '';
  let cache: CachedDocument | null = null;
  let connection: DocumentConnection | null = null;
  let pendingFromBefore = 0;
  let base: string | null = null;
  let closed = false;
  let editedAt: number | null = null;
  const text = () => doc.getText('content').toString();

  const refresh = () => {
    if (!connection) return;
    const status = connection.status;
    // Edits kept before a reload stay unsaved until this connection has brought both sides together.
    if (status.synced && status.unsaved === 0) pendingFromBefore = 0;
    const unsaved = Math.max(status.unsaved, pendingFromBefore);
    if (status.synced) ready.set(true);
    if (unsaved !== save.get().unsaved) {
      cache?.setUnsaved(unsaved);
      void local.noteUnsaved(documentId, unsaved);
    }
    // Only edits made while connected measure the round trip (WB9).
    if (unsaved > 0 && save.get().unsaved === 0 && status.synced) editedAt = performance.now();
    if (!status.synced) editedAt = null;
    if (editedAt !== null && unsaved === 0) {
      deps.onConfirmed(performance.now() - editedAt);
      editedAt = null;
    }
    if (status.synced && unsaved === 0) {
      base = text();
      cache?.setBase(base);
    }
    save.set({ ...status, unsaved, keptLocally: cache !== null });
  };
  const keepUnder = (newEpoch: string): Promise<{ unsaved: number; base: string | null } | null> => {
    epoch = newEpoch;
    const opened = openCachedDocument(documentId, newEpoch, doc);
    cache = opened;
    void local.write('cache', epochKey(documentId), newEpoch);
    return opened.loaded.then((kept) => {
      if (!kept) cache = null;
      return kept;
    });
  };
  const replace = () => {
    if (closed || replacedBy.get()) return;
    const carried = { text: text(), base, unsaved: save.get().unsaved, cache };
    connection?.close();
    const next = openDocument(documentId, deps, true);
    const carry = () => {
      if (!next.save.get().synced) return;
      stop();
      if (carried.unsaved > 0 || carried.base === null) mergeReplaced(next.doc, carried.base ?? '', carried.text);
      carried.cache?.forget();
    };
    const stop = next.save.subscribe(carry);
    carry();
    replacedBy.set(next);
  };
  const connect = () => {
    connection = connectDocument({
      doc,
      awareness,
      epoch: epoch || null,
      getTicket: async () => {
        const ticket = await deps.ticket(documentId);
        if (!epoch) await keepUnder(ticket.epoch);
        return ticket;
      },
      onHistoryDiffers: replace,
      onGone: () => gone.set('This document was deleted or is no longer yours.'),
    });
    connection.subscribe(refresh);
    refresh();
  };
  const start = async () => {
    const kept = fresh ? undefined : await local.read<string>('cache', epochKey(documentId));
    if (kept) {
      const state = await keepUnder(kept);
      pendingFromBefore = state?.unsaved ?? 0;
      base = state?.base ?? null;
      if (state && doc.store.clients.size > 0) ready.set(true);
    }
    if (!closed) connect();
  };
  const close = () => {
    if (closed) return;
    closed = true;
    connection?.close();
    cache?.close();
    awareness.destroy();
    doc.destroy();
  };
  void start();
  return {
    id: documentId,
    doc,
    awareness,
    epoch: () => epoch,
    ready,
    save,
    replacedBy,
    gone,
    reconnect: () => connection?.reconnect(),
    close,
  };
}
