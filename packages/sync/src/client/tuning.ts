/** Times of the client in ms; tests make them short. */
export interface ClientTuning {
  /** Reconnecting waits a random time below a ceiling that doubles from the first to the second. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** A connection that was synced for so long makes the next retry quick again. */
  readonly stableMs: number;
  /** After 1013 it waits at least so long. */
  readonly laterMs: number;
  /** Edits under way for so long without an echo: ask (SY5). */
  readonly confirmMs: number;
  /** Nothing heard for so long: ask for a sign of life; for twice as long: reconnect. */
  readonly silenceMs: number;
  /** A ticket with less left is not used any more. */
  readonly ticketMarginMs: number;
  /** A socket that does not open within this is given up. */
  readonly openTimeoutMs: number;
}

export const DEFAULT_TUNING: ClientTuning = {
  retryMinMs: 500,
  retryMaxMs: 30_000,
  stableMs: 5_000,
  laterMs: 2_000,
  confirmMs: 3_000,
  silenceMs: 20_000,
  ticketMarginMs: 30_000,
  openTimeoutMs: 15_000,
};
