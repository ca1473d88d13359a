import type { CopyBatch, CopyRows, OwnRow } from './copy-rows.ts';

type Kept = OwnRow & { claimedBy?: number; claimedAt?: number };

/** Rows that live as long as the page: where the browser gives no storage, and in tests. */
export class MemoryRows implements CopyRows {
  settled: Uint8Array[] = [];
  own: Kept[] = [];

  async read() {
    return { settled: [...this.settled], own: [...this.own] };
  }

  async write({ settled, own, settle }: CopyBatch): Promise<void> {
    this.settled.push(...settled);
    this.own.push(...own);
    for (const { session, upTo } of settle) {
      const isSettled = (row: OwnRow) => row.session === session && row.number <= upTo;
      this.settled.push(...this.own.filter(isSettled).map(({ bytes }) => bytes));
      this.own = this.own.filter((row) => !isSettled(row));
    }
  }

  async countOwn(): Promise<number> {
    return this.own.length;
  }

  async fold(fold: (rows: readonly Uint8Array[]) => Uint8Array): Promise<void> {
    this.settled = [fold(this.settled)];
  }

  async claim(session: number, now: number, staleBefore: number) {
    const isMine = (row: Kept) => row.claimedBy === undefined || row.claimedBy === session || (row.claimedAt ?? 0) < staleBefore;
    const mine = this.own.filter(isMine);
    for (const row of mine) Object.assign(row, { claimedBy: session, claimedAt: now });
    return { settled: [...this.settled], mine, others: this.own.filter((row) => !mine.includes(row)) };
  }

  async drop(rows: readonly OwnRow[]): Promise<number> {
    const gone = new Set(rows.map(keyOf));
    this.own = this.own.filter((row) => !gone.has(keyOf(row)));
    return this.own.length;
  }

  close(): void {}

  async forget(): Promise<void> {
    this.settled = [];
    this.own = [];
  }
}

const keyOf = ({ session, number }: OwnRow): string => `${session}:${number}`;
