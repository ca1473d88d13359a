/** Updates of a log with the row each came from. */
export interface LogRow {
  readonly seq: bigint;
  readonly update: Uint8Array;
}

// seq (8 bytes), length (4 bytes), bytes; as int8send and int4send write them in the queries beside this file.
const HEAD = 12;

/** Takes apart what Postgres aggregated into one value: thousands of rows cost one row to fetch. Throws where it is cut off. */
export function readLogBlob(blob: Uint8Array | null): LogRow[] {
  if (!blob) return [];
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const rows: LogRow[] = [];
  for (let at = 0; at < blob.length; ) {
    const seq = view.getBigInt64(at);
    const end = at + HEAD + view.getInt32(at + 8);
    if (end > blob.length) throw new Error('The stored log of a document is cut off.');
    rows.push({ seq, update: blob.subarray(at + HEAD, end) });
    at = end;
  }
  return rows;
}

/** The same format, from memory. */
export function writeLogBlob(rows: readonly LogRow[]): Uint8Array<ArrayBuffer> {
  const blob = new Uint8Array(rows.reduce((sum, { update }) => sum + HEAD + update.length, 0));
  const view = new DataView(blob.buffer);
  let at = 0;
  for (const { seq, update } of rows) {
    view.setBigInt64(at, seq);
    view.setInt32(at + 8, update.length);
    blob.set(update, at + HEAD);
    at += HEAD + update.length;
  }
  return blob;
}
