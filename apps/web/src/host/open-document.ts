import type { TicketReply } from '@markco/core/contract/projects';
import type { Live, OpenDocument, SaveState } from '@markco/editor/host';
import { createLive } from '@markco/editor/live';
import { connectDocument } from '@markco/sync/client/connect-document';
import type { DocumentConnection } from '@markco/sync/client/document-connection';
import { LocalCopy } from '@markco/sync/client/local-copy/local-copy';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { carryHistories } from './carry-histories.ts';
import { createConfirmTimer } from './confirm-timer.ts';
import { type KeptHistory, keptEpochs, noteEpoch, openHistory } from './kept-histories.ts';
import { createUnsavedNote } from './unsaved-note.ts';

const CONNECTING: SaveState = { connection: 'connecting', synced: false, unsaved: 0, keptLocally: false };

/** What the attached document needs from the host. */
export interface OpenDocumentDeps {
  ticket(documentId: string): Promise<TicketReply>;
  user: { id: string; name: string; color: string };
  /** WB9: how long an edit took until the relay had confirmed it, in ms. */
  onConfirmed(ms: number): void;
  /** SY7: what was typed into a replaced history was merged; `text`: what the document said before that. */
  keepReplaced(documentId: string, text: string): void;
}

/** An {@link OpenDocument} before it is shared, and what the host itself needs of it. */
export interface AttachedDocument extends Omit<OpenDocument, 'release' | 'replacedBy'> {
  readonly replacedBy: Live<AttachedDocument | null>;
  close(): void;
}

/** A history that another took the place of. `end` resolves when everything typed into it is written. */
export interface Replaced {
  readonly history: KeptHistory | null;
  end(): Promise<void>;
}

/**
 * Attaches a document: cached text at once, then the relay (WB3, SY5). Every edit is kept in this browser with the fact that the relay has
 * not acknowledged it, so that the count is right across reloads and crashes. `before`: the document of the history
 * that was replaced.
 */
export function openDocument(documentId: string, deps: OpenDocumentDeps, before: Replaced | null = null): AttachedDocument {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  awareness.setLocalStateField('user', { name: deps.user.name, color: deps.user.color, colorLight: `${deps.user.color}33` });
  const ready = createLive(false);
  const save = createLive<SaveState>(CONNECTING);
  const replacedBy = createLive<AttachedDocument | null>(null);
  const gone = createLive<string | null>(null);
  const timer = createConfirmTimer(deps.onConfirmed);
  const copy = new LocalCopy(doc, () => refresh());
  const note = createUnsavedNote(documentId, copy);
  let history: KeptHistory | null = null;
  let connection: DocumentConnection | null = null;
  let from: 'warm' | 'cold' = 'cold';
  let carried = false;
  let closed = false;

  const refresh = () => {
    const status = connection?.status ?? CONNECTING;
    copy.acknowledged();
    const unsaved = copy.edits.count;
    if (unsaved !== save.get().unsaved) note.changed();
    timer.saw(status.synced, unsaved);
    save.set({ ...status, unsaved, keptLocally: copy.lasting });
    if (!status.synced) return;
    ready.set(true);
    if (carried || !history) return;
    carried = true;
    const onMerged = (text: string) => deps.keepReplaced(documentId, text);
    void carryHistories(documentId, { doc, epoch: history.epoch, copy, onMerged }, before);
  };
  const keepUnder = async (epoch: string): Promise<void> => {
    const opened = await openHistory(documentId, epoch);
    if (closed) return opened.place.rows.close();
    history = opened;
    if ((await copy.attach(history.place)) && doc.store.clients.size > 0) {
      from = 'warm';
      ready.set(true);
    }
    await noteEpoch(documentId, epoch);
  };
  const replace = () => {
    if (closed || replacedBy.get()) return;
    connection?.close();
    replacedBy.set(openDocument(documentId, deps, { history, end: () => copy.close() }));
  };
  const start = async () => {
    // After a replacement the newest kept epoch is the one that was replaced: the ticket names the new one.
    const kept = before ? undefined : (await keptEpochs(documentId)).at(-1);
    if (kept && !closed) await keepUnder(kept);
    if (closed) return;
    connection = connectDocument({
      ...{ doc, awareness, epoch: history?.epoch ?? null, edits: copy.edits, onHistoryDiffers: replace },
      getTicket: async () => {
        const ticket = await deps.ticket(documentId);
        if (!history && !closed) await keepUnder(ticket.epoch);
        return ticket;
      },
      onGone: () => gone.set('This document was deleted or is no longer yours.'),
    });
    connection.subscribe(refresh);
    refresh();
  };
  const close = () => {
    if (closed) return;
    closed = true;
    connection?.close();
    note.close();
    // Its last edit may still be on its way to the disk.
    void copy.close().then(() => {
      awareness.destroy();
      doc.destroy();
    });
  };
  void start();
  return {
    ...{ id: documentId, doc, awareness, ready, save, replacedBy, gone, close },
    epoch: () => history?.epoch ?? '',
    from: () => from,
  };
}
