const UUID = 2950;
const BYTEA = 17;
const TEXT = 25;
const INT4 = 23;

/** A `uuid[]` in Postgres' binary format, from ids in the usual spelling. */
export const uuidArray = (ids: readonly string[]): Buffer => binaryArray(UUID, ids.map(uuidBytes));

/** A `bytea[]` in Postgres' binary format: half the size of its text, and not to be parsed. */
export const byteaArray = (values: readonly Uint8Array[]): Buffer => binaryArray(BYTEA, values);

/** A `text[]` in Postgres' binary format. The texts must not hold NUL. */
export const textArray = (values: readonly string[]): Buffer =>
  binaryArray(
    TEXT,
    values.map((value) => Buffer.from(value)),
  );

/** An `int4[]` in Postgres' binary format. */
export function int4Array(values: readonly number[]): Buffer {
  return binaryArray(
    INT4,
    values.map((value) => {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeInt32BE(value);
      return bytes;
    }),
  );
}

/** As array_recv reads it: dimensions, no nulls, element type, length, lower bound; then each element with its length. */
function binaryArray(elementType: number, values: readonly Uint8Array[]): Buffer {
  let size = 20;
  for (const value of values) size += 4 + value.length;
  const out = Buffer.allocUnsafe(size);
  out.writeInt32BE(1, 0);
  out.writeInt32BE(0, 4);
  out.writeInt32BE(elementType, 8);
  out.writeInt32BE(values.length, 12);
  out.writeInt32BE(1, 16);
  let at = 20;
  for (const value of values) {
    out.writeInt32BE(value.length, at);
    out.set(value, at + 4);
    at += 4 + value.length;
  }
  return out;
}

function uuidBytes(id: string): Buffer {
  const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw new Error('An id that is no UUID cannot be stored.');
  return bytes;
}
