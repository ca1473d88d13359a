import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import type { UnsavedEdits } from './unsaved-edits.ts';

/** A ticket for one document as `documents.ticket` answers it (SY3). */
export interface Ticket {
  url: string;
  token: string;
  documentId: string;
  epoch: string;
  expiresAt: Date;
}

/** SY5: what may be said to the person about their edits. `unsaved`: transactions of this client no echo came back for. */
export interface SyncStatus {
  readonly connection: 'connecting' | 'connected' | 'offline' | 'refused';
  /** True once the server's state was received in this connection. */
  readonly synced: boolean;
  /** Edits made here that the relay has not acknowledged. 0 and synced: "Saved". */
  readonly unsaved: number;
  /** Why `refused`, or why edits are not taken: a sentence for the person. */
  readonly problem?: string;
}

/** How a client keeps one Y.Doc and the relay the same. Shared by web, desktop and agent; runs in browsers and Node. */
export interface ConnectionOptions {
  doc: Y.Doc;
  awareness?: Awareness;
  /**
   * Fetches a fresh ticket; called at start, before expiry and after 4401. Rejecting means offline, and it is tried again with full jitter;
   * rejecting with a {@link TicketRefused} ends the trying.
   */
  getTicket: () => Promise<Ticket>;
  /** The epoch of what `doc` holds, null for an empty document. */
  epoch: string | null;
  /** 4409 or another epoch in the ticket: this history cannot be merged; the caller builds a new Y.Doc and merges as text. */
  onHistoryDiffers: (ticket: Ticket) => void;
  /** 4404: deleted or no longer ours. */
  onGone?: () => void;
  /**
   * Counts the edits of this client. Give it where edits are made before the connection is, and count each transaction whose origin is
   * not {@link isFromRelay} in it yourself, with a listener that was added to `doc` before this call.
   */
  edits?: UnsavedEdits;
  WebSocket?: typeof globalThis.WebSocket;
}

export interface DocumentConnection {
  readonly status: SyncStatus;
  subscribe(listener: (status: SyncStatus) => void): () => void;
  /**
   * Tries at once instead of waiting for the back-off (wake, network change, foreground). An open socket is asked for a sign of life; what was
   * refused stays so, except that a person who was signed out may be signed in again.
   */
  reconnect(): void;
  /** Resolves when everything written so far was acknowledged; rejects when the signal aborts. */
  flushed(signal?: AbortSignal): Promise<void>;
  close(): void;
}
