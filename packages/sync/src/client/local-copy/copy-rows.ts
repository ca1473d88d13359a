/** An edit made here that the relay has not acknowledged (SY5). `session`: the tab's, with `number` its place among that tab's edits. */
export interface OwnRow {
  readonly session: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** Names unacknowledged edits: those of a tab up to a number. */
export interface OwnRange {
  readonly session: number;
  readonly upTo: number;
}

/** What is written at once: all of it, or nothing. Own rows first, then what is settled moves over. */
export interface CopyBatch {
  readonly settled: readonly Uint8Array[];
  readonly own: readonly OwnRow[];
  readonly settle: readonly OwnRange[];
}

/**
 * WB3: where one history of a document is kept: Yjs updates that the relay has (settled) and those it may not have (own). Several tabs share
 * it. Every method is one transaction; they reject where the storage fails.
 */
export interface CopyRows {
  read(): Promise<{ settled: readonly Uint8Array[]; own: readonly OwnRow[] }>;
  write(batch: CopyBatch): Promise<void>;
  /** Unacknowledged edits of all tabs. */
  countOwn(): Promise<number>;
  /** Puts one settled row in the place of all; `fold` must be synchronous. */
  fold(fold: (rows: readonly Uint8Array[]) => Uint8Array): Promise<void>;
  /**
   * Takes charge of the own rows that no other tab took charge of since `staleBefore` (ms). Answers everything, with what is the caller's. So
   * that two tabs do not carry the same edit over (SY7).
   */
  claim(
    session: number,
    now: number,
    staleBefore: number,
  ): Promise<{ settled: readonly Uint8Array[]; mine: readonly OwnRow[]; others: readonly OwnRow[] }>;
  /** Forgets own rows. Answers how many are left. */
  drop(rows: readonly OwnRow[]): Promise<number>;
  close(): void;
  /** Forgets everything. */
  forget(): Promise<void>;
}
