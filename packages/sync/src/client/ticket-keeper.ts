import type { Ticket } from './document-connection.ts';
import type { ClientTuning } from './tuning.ts';

type Times = Pick<ClientTuning, 'ticketMarginMs' | 'ticketAheadMs'>;

/** Never more often than this, whatever the clocks of the two sides say. */
const AT_LEAST_MS = 30_000;

/**
 * SY3: the ticket for the next connection. The relay checks an open socket by the session it hangs on, not by its ticket, so a socket
 * outlives its ticket and a fresh one is not sent over it. It is fetched ahead of time all the same: coming back after a restart of the
 * relay then needs the relay alone, and not everybody's question to the API at once.
 */
export class TicketKeeper {
  readonly #fetch: () => Promise<Ticket>;
  readonly #times: Times;
  readonly #random: () => number;
  #ticket: Ticket | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(fetch: () => Promise<Ticket>, times: Times, random: () => number = Math.random) {
    this.#fetch = fetch;
    this.#times = times;
    this.#random = random;
  }

  /** A ticket with enough time left. Rejects as the fetch does. */
  async get(): Promise<Ticket> {
    const kept = this.#ticket;
    if (kept && this.#leftMs(kept) > this.#times.ticketMarginMs) return kept;
    this.#ticket = null;
    const ticket = await this.#fetch();
    this.#ticket = ticket;
    return ticket;
  }

  /** The next connection asks for a new one. */
  forget(): void {
    this.#ticket = null;
  }

  /** While a connection stands: fetches the next ticket before this one ends, at a time of its own. `onFresh` is told of each. */
  keepFresh(onFresh: (ticket: Ticket) => void): void {
    this.rest();
    const ticket = this.#ticket;
    if (!ticket) return;
    const ahead = this.#times.ticketAheadMs * (1 + this.#random());
    this.#timer = setTimeout(
      () => {
        this.#fetch().then(
          (fresh) => {
            if (this.#ticket !== ticket) return;
            this.#ticket = fresh;
            onFresh(fresh);
            this.keepFresh(onFresh);
          },
          // The API is away or refuses: the relay decides about the open socket, and `get` asks again when a ticket is needed.
          () => undefined,
        );
      },
      Math.max(AT_LEAST_MS, this.#leftMs(ticket) - ahead),
    );
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** No connection stands any more. */
  rest(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #leftMs(ticket: Ticket): number {
    return ticket.expiresAt.getTime() - Date.now();
  }
}
