/** A snapshot (Yjs V2) of a log, what of the log must stay behind as one V1 update (gapped structs, SY14), and the text. `wire`: the same as the snapshot, ready to be sent (`wire-state.mjs`); null for small and for huge documents. */
export interface FoldedLog {
  readonly snapshot: Uint8Array<ArrayBuffer>;
  readonly wire: Uint8Array<ArrayBuffer> | null;
  readonly gaps: Uint8Array<ArrayBuffer> | null;
  readonly text: string;
}

/** SY10: folds a snapshot and the updates after it into a new snapshot. Takes time: stores run it off the main thread. */
export function foldLog(snapshot: Uint8Array | null, updates: readonly Uint8Array[]): FoldedLog;

/** SY12: SHA-256 (hex) of what a copy of a document holds; the same for two copies exactly where they hold the same edits. */
export function checksumOf(snapshot: Uint8Array | null, updates: readonly Uint8Array[]): string;
