const KB = 1024;
const MB = 1024 * KB;

/** Every bound of the relay; times in ms, sizes in bytes. Tests make them small. */
export interface RelayLimits {
  /** SY2: how long authorising and loading may take before the upgrade is refused. */
  readonly upgradeTimeoutMs: number;
  /** SY17: largest text of a document, in UTF-16 units. */
  readonly maxTextLength: number;
  /** SY17: largest state of a document, with all that is no text: a whole text in letters of three bytes, and one that replaces it. */
  readonly maxStateBytes: number;
  /** Largest frame: the text limit in letters of three bytes (larger ones are two units), and 4 MB for the encoding around it. */
  readonly maxFrameBytes: number;
  /** SY6: updates waiting for the store, of one document and of all. */
  readonly maxPendingDocumentBytes: number;
  readonly maxPendingBytes: number;
  /** SY6: an append that takes longer counts as failed and is tried again. */
  readonly appendTimeoutMs: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** SY13: bytes waiting on a socket: above the first no more is queued, above the second it is ended. */
  readonly staleBytes: number;
  readonly terminateBytes: number;
  /** SY13: how long nothing of what waits may move, and how long a socket may be behind at all. */
  readonly staleMs: number;
  readonly behindMs: number;
  /** SY14: structs that wait for others. */
  readonly maxGapBytes: number;
  readonly maxGapStructs: number;
  /** SY15. */
  readonly maxAwarenessStateBytes: number;
  readonly maxAwarenessIds: number;
  /** SY16: how long a document stays loaded after its last user left. */
  readonly unloadAfterMs: number;
  /** SY9: content follows this long after the last edit, and at the latest this long after the first. */
  readonly contentQuietMs: number;
  readonly contentMaxMs: number;
  /** SY3. */
  readonly recheckMs: number;
  readonly pingMs: number;
  /** SY10. */
  readonly compactRows: number;
  readonly compactBytes: number;
  readonly compactRowsAtUnload: number;
  /** Sockets of one process. */
  readonly maxConnections: number;
}

export const DEFAULT_LIMITS: RelayLimits = {
  upgradeTimeoutMs: 10_000,
  maxTextLength: 20 * MB,
  maxStateBytes: 128 * MB,
  maxFrameBytes: 64 * MB,
  maxPendingDocumentBytes: 8 * MB,
  maxPendingBytes: 64 * MB,
  appendTimeoutMs: 10_000,
  retryMinMs: 50,
  retryMaxMs: 2_000,
  staleBytes: MB,
  terminateBytes: 8 * MB,
  staleMs: 3_000,
  behindMs: 60_000,
  maxGapBytes: MB,
  maxGapStructs: 2_000,
  maxAwarenessStateBytes: 4 * KB,
  maxAwarenessIds: 8,
  unloadAfterMs: 30_000,
  contentQuietMs: 500,
  contentMaxMs: 5_000,
  recheckMs: 60_000,
  pingMs: 30_000,
  compactRows: 500,
  compactBytes: 512 * KB,
  compactRowsAtUnload: 50,
  maxConnections: 20_000,
};
