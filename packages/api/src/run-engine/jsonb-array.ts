/** Of jsonb's binary form. */
const VERSION = 1;

/**
 * JSON texts as one jsonb array, in the form that `pg` sends as it is. An array of texts would be escaped once more, here and
 * in Postgres, and is a string as long as the batch.
 */
export function jsonbArray(texts: readonly string[]): Buffer {
  const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 3);
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.writeUInt8(VERSION);
  at += bytes.write('[', at);
  texts.forEach((text, i) => {
    if (i > 0) at += bytes.write(',', at);
    at += bytes.write(text, at);
  });
  at += bytes.write(']', at);
  return bytes.subarray(0, at);
}
