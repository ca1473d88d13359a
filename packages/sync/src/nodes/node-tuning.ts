/** The times of SY18, ms. Tests make them small. */
export interface NodeTuning {
  /** How often a process says that it lives, and which documents changed since. */
  readonly tickMs: number;
  /** A process not heard for so long is taken to be gone: its cursors go. */
  readonly silentMs: number;
  /** How often the versions of open documents are compared with the store, and how often while messages may be missed. */
  readonly sweepMs: number;
  readonly worriedSweepMs: number;
  /** For how long after another process went silent messages may be missed. */
  readonly worriedMs: number;
  /** How long a hole between batches may stay before the document is read. */
  readonly graceMs: number;
}

export const NODE_TUNING: NodeTuning = {
  tickMs: 1_000,
  silentMs: 5_000,
  sweepMs: 5_000,
  worriedSweepMs: 1_500,
  worriedMs: 60_000,
  graceMs: 100,
};
