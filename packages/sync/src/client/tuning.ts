/** Times of the client in ms; tests make them short. */
export interface ClientTuning {
  /** Reconnecting waits a random time below a ceiling that doubles from the first to the second. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** A connection that was synced for so long makes the next retry quick again. */
  readonly stableMs: number;
  /** After 1013 it waits at least so long, and up to as long again. */
  readonly laterMs: number;
  /** After 1001 everyone comes back within this. */
  readonly goingAwayMs: number;
  /** Edits under way for so long without an echo: ask (SY5). */
  readonly confirmMs: number;
  /** Nothing heard for so long: ask for a sign of life. */
  readonly silenceMs: number;
  /** Asked, and nothing heard for so long: reconnect. What was sent since adds the time a slow line needs for it. */
  readonly answerMs: number;
  /** A ticket with less left is not used any more. */
  readonly ticketMarginMs: number;
  /** A fresh ticket is asked for this long before the old one ends, or up to twice as long. */
  readonly ticketAheadMs: number;
  /** A socket that does not open within this is given up. */
  readonly openTimeoutMs: number;
}

export const DEFAULT_TUNING: ClientTuning = {
  retryMinMs: 500,
  retryMaxMs: 30_000,
  stableMs: 5_000,
  laterMs: 2_000,
  goingAwayMs: 3_000,
  confirmMs: 3_000,
  silenceMs: 20_000,
  answerMs: 10_000,
  ticketMarginMs: 30_000,
  ticketAheadMs: 45_000,
  openTimeoutMs: 15_000,
};
