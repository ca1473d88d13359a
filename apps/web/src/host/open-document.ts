import type { TicketReply } from '@markco/core/contract/projects';
import type { OpenDocument, SaveState } from '@markco/editor/host';
import { connectDocument } from '@markco/sync/client/connect-document';
import type { DocumentConnection, Ticket } from '@markco/sync/client/document-connection';
import { carryText } from '@markco/sync/client/merge-replaced';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type CachedDocument, openCachedDocument } from './cached-document.ts';
import { createLive } from './live.ts';
import * as local from './local-db.ts';

const CONNECTING: SaveState = { connection: 'connecting', synced: false, unsaved: 0, keptLocally: false };

/** What the attached document needs from the host. */
export interface OpenDocumentDeps {
  ticket(documentId: string): Promise<TicketReply>;
  user: { id: string; name: string; color: string };
  /** WB9: told once, when there was text to show. */
  onReady(kind: 'cache' | 'server'): void;
  onClosed(): void;
}

/** An {@link OpenDocument} and what the host itself needs of it. */
export interface AttachedDocument extends OpenDocument {
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
  const text = () => doc.getText('content').toString();

  const becomeReady = (kind: 'cache' | 'server') => {
    if (ready.get()) return;
    ready.set(true);
    deps.onReady(kind);
  };
  const refresh = () => {
    if (!connection) return;
    const status = connection.status;
    // Edits kept before a reload stay unsaved until this connection has brought both sides together.
    if (status.synced && status.unsaved === 0) pendingFromBefore = 0;
    const unsaved = Math.max(status.unsaved, pendingFromBefore);
    if (status.synced) becomeReady('server');
    if (unsaved !== save.get().unsaved) cache?.setUnsaved(unsaved);
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
  const replace = async (ticket: Ticket) => {
    if (closed || replacedBy.get()) return;
    const carried = { text: text(), base, unsaved: save.get().unsaved, cache };
    connection?.close();
    const next = openDocument(documentId, deps, true);
    const carry = async () => {
      if (!next.save.get().synced) return;
      stop();
      if (carried.unsaved > 0 || carried.base === null) carryText(next.doc, { base: carried.base, text: carried.text });
      carried.cache?.forget();
    };
    const stop = next.save.subscribe(() => void carry());
    void carry();
    replacedBy.set(next);
    void ticket;
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
      onHistoryDiffers: (ticket) => void replace(ticket),
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
      if (state && doc.store.clients.size > 0) becomeReady('cache');
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
    deps.onClosed();
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
    release: close,
    reconnect: () => connection?.reconnect(),
    close,
  };
}
