import type { OwnRow } from './copy-rows.ts';

/** Between tabs of one browser that show one history of a document: an edit of one is in the others before the relay has it. */
export interface TabChannel {
  post(rows: readonly OwnRow[]): void;
  close(): void;
}

/** Joins the other tabs at `name`; null where the browser has no channel. Tabs are right without it: the relay and what is kept bring the same. */
export function joinTabs(name: string, onRow: (row: OwnRow) => void): TabChannel | null {
  if (typeof BroadcastChannel === 'undefined') return null;
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent) => {
    for (const row of Array.isArray(data) ? (data as OwnRow[]) : []) {
      if (row.bytes instanceof Uint8Array) onRow(row);
    }
  };
  return { post: (rows) => channel.postMessage(rows), close: () => channel.close() };
}
