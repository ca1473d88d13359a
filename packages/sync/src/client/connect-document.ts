import { Backoff } from './backoff.ts';
import { closeVerdict, REFUSED_WORDS } from './close-verdict.ts';
import type { ConnectionOptions, DocumentConnection, SyncStatus, Ticket } from './document-connection.ts';
import { type ClientSocket, Session } from './session.ts';
import { TicketKeeper } from './ticket-keeper.ts';
import { TicketRefused } from './ticket-refused.ts';
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
  readonly #unsaved: UnsavedEdits;
  readonly #tickets: TicketKeeper;
  readonly #backoff: Backoff;
  readonly #listeners = new Set<(status: SyncStatus) => void>();
  readonly #stopWake: () => void;
  readonly #wasFilled: boolean;
  #session: Session | null = null;
  #epoch: string | null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  /** Grows with every attempt, so that an earlier one's ticket is not used. */
  #attempt = 0;
  #everSynced = false;
  #ended = false;
  #refusal: { problem: string; mayPass: boolean } | null = null;
  #problem: string | undefined;

  constructor(options: ConnectionOptions, tuning: ClientTuning) {
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    if (!Socket) throw new Error('This runtime has no WebSocket. Pass one as options.WebSocket, for example the one of "ws".');
    this.#options = options;
    this.#tuning = tuning;
    this.#WebSocket = Socket;
    this.#epoch = options.epoch;
    this.#backoff = new Backoff(tuning);
    this.#unsaved = options.edits ?? new UnsavedEdits();
    this.#tickets = new TicketKeeper(options.getTicket, tuning);
    this.#wasFilled = options.doc.store.clients.size > 0;
    options.doc.on('update', this.#onUpdate);
    this.#stopWake = onWake(() => this.reconnect());
    void this.#connect();
  }

  subscribe(listener: (status: SyncStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reconnect(): void {
    if (this.#ended || (this.#refusal && !this.#refusal.mayPass)) return;
    if (this.#session) {
      this.#session.probe();
      return;
    }
    this.#refusal = null;
    this.#backoff.reset();
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
    this.#tickets.rest();
    this.#stopWake();
    this.#options.doc.off('update', this.#onUpdate);
    this.#session?.end(1000, '');
    this.#publish('offline');
    this.#listeners.clear();
  }

  readonly #onUpdate = (_update: Uint8Array, origin: unknown): void => {
    if (origin instanceof Session) return;
    if (!this.#options.edits) this.#unsaved.edited();
    this.#publish(this.status.connection);
  };

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    this.#publish('connecting');
    let ticket: Ticket;
    try {
      ticket = await this.#tickets.get();
    } catch (error) {
      if (attempt === this.#attempt) this.#noTicket(error);
      return;
    }
    if (attempt !== this.#attempt || this.#ended) return;
    if (this.#epoch !== null && ticket.epoch !== this.#epoch) return this.#historyDiffers(ticket);
    this.#open(ticket);
  }

  #noTicket(error: unknown): void {
    if (!(error instanceof TicketRefused)) {
      this.#lost(1006);
      return;
    }
    this.#refuse(error.message, error.why === 'signed_out');
    if (error.why === 'gone') this.#options.onGone?.();
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
        this.#tickets.keepFresh((fresh) => {
          if (fresh.epoch !== ticket.epoch) this.#historyDiffers(fresh);
        });
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
    const verdict = closeVerdict(code, session.synced);
    this.#tickets.rest();
    if (this.#session === session) this.#session = null;
    if (this.#ended || this.#refusal) return;
    const problem = reason || (REFUSED_WORDS[code] ?? 'The server refused the document.');
    if (verdict === 'replaced') this.#historyDiffers(ticket);
    else if (verdict === 'gone' || verdict === 'refused') {
      this.#refuse(problem, false);
      if (verdict === 'gone') this.#options.onGone?.();
    } else {
      if (verdict === 'new_ticket') this.#tickets.forget();
      this.#lost(code);
    }
  }

  #historyDiffers(ticket: Ticket): void {
    this.#refuse('The history of this document was replaced.', false);
    this.#session?.end(1000, '');
    this.#tickets.forget();
    // Its epoch may be newer than the ticket that was refused.
    this.#options.getTicket().then(
      (fresh) => !this.#ended && this.#options.onHistoryDiffers(fresh),
      () => !this.#ended && this.#options.onHistoryDiffers(ticket),
    );
  }

  #refuse(problem: string, mayPass: boolean): void {
    this.#refusal = { problem, mayPass };
    this.#publish('refused');
  }

  #lost(code: number): void {
    this.#publish('offline');
    this.#schedule(this.#backoff.next(code));
  }

  #schedule(ms: number): void {
    if (this.#retry) clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (!this.#ended && !this.#refusal && !this.#session) void this.#connect();
    }, ms);
  }

  #publish(connection: SyncStatus['connection']): void {
    const problem = this.#refusal?.problem ?? this.#problem;
    const synced = connection === 'connected' && (this.#session?.synced ?? false);
    const next: SyncStatus = { connection, synced, unsaved: this.#unsaved.count, ...(problem === undefined ? {} : { problem }) };
    this.status = next;
    for (const listener of [...this.#listeners]) listener(next);
  }
}
