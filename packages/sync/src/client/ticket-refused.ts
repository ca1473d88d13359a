/**
 * What `getTicket` rejects with where asking again will not help by itself. `gone`: the document is deleted or no longer the person's;
 * `signed_out`: asked again when the page wakes or the person signs in; `refused`: for as long as the connection lives. `message` is
 * shown to the person. Any other rejection means offline.
 */
export class TicketRefused extends Error {
  readonly why: 'gone' | 'signed_out' | 'refused';
  constructor(why: TicketRefused['why'], message: string) {
    super(message);
    this.name = 'TicketRefused';
    this.why = why;
  }
}
