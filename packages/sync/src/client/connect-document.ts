import { CLOSE } from '@markco/core/sync/close-code';
import { Backoff } from './backoff.ts';
import type { ConnectionOptions, DocumentConnection, SyncStatus, Ticket } from './document-connection.ts';
import { type ClientSocket, Session } from './session.ts';
import { type ClientTuning, DEFAULT_TUNING } from './tuning.ts';
import { UnsavedEdits } from './unsaved-edits.ts';
import { onWake } from './wake-events.ts';

/**
 * Keeps a document and the relay the same until closed: reconnects with full jitter, asks for tickets, and counts what is not
 * yet acknowledged (SY5). Throws where the runtime has no WebSocket and none was given.
 */
export function connectDocument(options: ConnectionOptions, tuning: Partial<ClientTuning> = {}): DocumentConnection {
  return new Connection(options, { ...DEFAULT_TUNING, ...tuning });
}

class Connection implements DocumentConnection {
  status: SyncStatus = { connection: 'connecting', synced: false, unsaved: 0 };
  readonly #options: ConnectionOptions;
  readonly #tuning: ClientTuning;
  readonly #WebSocket: typeof globalThis.WebSocket;
  readonly #unsaved = new UnsavedEdits();
  readonly #backoff: Backoff;
  readonly #listeners = new Set<(status: SyncStatus) => void>();
  readonly #stopWake: () => void;
  readonly #wasFilled: boolean;
  #session: Session | null = null;
  #ticket: Ticket | null = null;
  #epoch: string | null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  /** Grows with every attempt, so that an earlier one's ticket is not used. */
  #attempt = 0;
  #everSynced = false;
  #ended = false;
  #refusal: string | null = null;
  #problem: string | undefined;

  constructor(options: ConnectionOptions, tuning: ClientTuning) {
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    if (!Socket) throw new Error('This runtime has no WebSocket. Pass one as options.WebSocket, for example the one of "ws".');
    this.#options = options;
    this.#tuning = tuning;
    this.#WebSocket = Socket;
    this.#epoch = options.epoch;
    this.#backoff = new Backoff(tuning);
    this.#wasFilled = options.doc.store.clients.size > 0;
    options.doc.on('update', this.#onUpdate);
    this.#stopWake = onWake(() => this.#woke());
    void this.#connect();
  }

  subscribe(listener: (status: SyncStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reconnect(): void {
    if (this.#ended) return;
    this.#refusal = null;
    this.#backoff.reset();
    if (this.#session) this.#session.end(1006, 'Reconnecting.');
    this.#schedule(0);
  }

  flushed(signal?: AbortSignal): Promise<void> {
    const target = this.#unsaved.made;
    const isDone = () => this.#everSynced && this.#unsaved.saved >= target;
    return new Promise((resolve, reject) => {
      if (isDone()) return resolve();
      const finish = (settle: () => void) => {
        stop();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const onAbort = () => finish(() => reject(signal?.reason));
      const stop = this.subscribe(() => {
        if (isDone()) finish(resolve);
        else if (this.#ended) finish(() => reject(new Error('The connection was closed before everything was saved.')));
      });
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort);
    });
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#attempt++;
    if (this.#retry) clearTimeout(this.#retry);
    this.#stopWake();
    this.#options.doc.off('update', this.#onUpdate);
    this.#session?.end(1000, '');
    this.#publish('offline');
    this.#listeners.clear();
  }

  readonly #onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin instanceof Session) return;
    this.#unsaved.edited();
    this.#publish(this.status.connection);
  };

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#publish('connecting');
    let ticket: Ticket;
    try {
      ticket = await this.#freshTicket();
    } catch {
      if (attempt === this.#attempt) this.#lost(0);
      return;
    }
    if (attempt !== this.#attempt || this.#ended) return;
    if (this.#epoch !== null && ticket.epoch !== this.#epoch) return this.#historyDiffers(ticket);
    this.#open(ticket);
  }

  async #freshTicket(): Promise<Ticket> {
    const cached = this.#ticket;
    if (cached && cached.expiresAt.getTime() - Date.now() > this.#tuning.ticketMarginMs) return cached;
    this.#ticket = null;
    const ticket = await this.#options.getTicket();
    this.#ticket = ticket;
    return ticket;
  }

  #open(ticket: Ticket): void {
    const { doc, awareness } = this.#options;
    const url = new URL(ticket.url);
    url.searchParams.set('token', ticket.token);
    // A document that was empty belongs to any history: what was typed into it before the first sync merges as it is.
    const epoch = this.#epoch ?? (this.#wasFilled ? null : ticket.epoch);
    if (epoch !== null) url.searchParams.set('epoch', epoch);
    const session: Session = new Session({
      socket: new this.#WebSocket(url.href) as ClientSocket,
      doc,
      awareness,
      unsaved: this.#unsaved,
      tuning: this.#tuning,
      mayHoldUncounted: this.#wasFilled && !this.#everSynced,
      onChange: () => this.#publish(this.status.connection),
      onSynced: () => {
        this.#everSynced = true;
        this.#epoch = ticket.epoch;
        this.#backoff.synced();
        this.#publish('connected');
      },
      onDenied: (reason) => {
        this.#problem = reason;
        this.#publish(this.status.connection);
      },
      onClosed: (code, reason) => this.#onClosed(session, code, reason, ticket),
    });
    this.#session = session;
    this.#problem = undefined;
  }

  #onClosed(session: Session, code: number, reason: string, ticket: Ticket): void {
    // Refused at the upgrade looks like any failure: a new ticket tells what is wrong.
    if (!session.synced || code === CLOSE.unauthenticated) this.#ticket = null;
    if (this.#session === session) this.#session = null;
    if (this.#ended) return;
    switch (code) {
      case CLOSE.historyDiffers: {
        this.#historyDiffers(ticket);
        return;
      }
      case CLOSE.gone:
        this.#refuse(reason || 'The document was deleted.');
        this.#options.onGone?.();
        return;
      case CLOSE.forbidden:
      case CLOSE.tooLarge:
      case CLOSE.badFrame: {
        this.#refuse(reason || 'The server refused the document.');
        return;
      }
      default: {
        this.#lost(code === CLOSE.tryLater ? this.#tuning.laterMs : 0);
        return;
      }
    }
  }

  #historyDiffers(ticket: Ticket): void {
    this.#refuse('The history of this document was replaced.');
    this.#ticket = null;
    // Its epoch may be newer than the ticket that was refused.
    this.#options.getTicket().then(
      (fresh) => !this.#ended && this.#options.onHistoryDiffers(fresh),
      () => !this.#ended && this.#options.onHistoryDiffers(ticket),
    );
  }

  #refuse(problem: string): void {
    this.#refusal = problem;
    this.#publish('refused');
  }

  #lost(atLeastMs: number): void {
    this.#publish('offline');
    this.#schedule(Math.max(atLeastMs, this.#backoff.next()));
  }

  #schedule(ms: number): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (!this.#ended && !this.#refusal && !this.#session) void this.#connect();
    }, ms);
  }

  #woke(): void {
    if (this.#session) this.#session.probe();
    else if (!this.#refusal) this.reconnect();
  }

  #publish(connection: SyncStatus['connection']): void {
    const problem = this.#refusal ?? this.#problem;
    const synced = connection === 'connected' && (this.#session?.synced ?? false);
    const next: SyncStatus = { connection, synced, unsaved: this.#unsaved.count, ...(problem === undefined ? {} : { problem }) };
    this.status = next;
    for (const listener of [...this.#listeners]) listener(next);
  }
}
