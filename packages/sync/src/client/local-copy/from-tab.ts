/** The origin of edits that came from another tab of this browser, not from the relay: the tab's session and its number of the edit. */
export class FromTab {
  readonly session: number;
  readonly number: number;
  constructor(session: number, number: number) {
    this.session = session;
    this.number = number;
  }
}
