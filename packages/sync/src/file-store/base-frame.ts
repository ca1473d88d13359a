import { FRAME, type Frame } from './log-frame.ts';

/** The text a file and its document last agreed on, and the SHA-256 (hex) of the file's bytes that stood for it; null where there was no file. */
export interface Base {
  readonly text: string;
  readonly hash: string | null;
}

const HASH_BYTES = 32;
const NO_HASH = Buffer.alloc(HASH_BYTES);

/**
 * A base, written as its difference from the one before: u32 common start, u32 common end (bytes), hash, what is new between them. A key
 * press in a long document then costs some bytes of log, not the document.
 */
export function encodeBase(base: Base, previous: string): Buffer {
  const next = Buffer.from(base.text, 'utf8');
  const old = Buffer.from(previous, 'utf8');
  const limit = Math.min(next.length, old.length);
  let start = 0;
  while (start < limit && next[start] === old[start]) start++;
  let end = 0;
  while (end < limit - start && next[next.length - 1 - end] === old[old.length - 1 - end]) end++;
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32LE(start, 0);
  head.writeUInt32LE(end, 4);
  return Buffer.concat([head, base.hash ? Buffer.from(base.hash, 'hex') : NO_HASH, next.subarray(start, next.length - end)]);
}

/** The base of {@link encodeBase}, given the same `previous`. */
export function decodeBase(payload: Uint8Array, previous: string): Base {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const old = Buffer.from(previous, 'utf8');
  const start = bytes.readUInt32LE(0);
  const end = bytes.readUInt32LE(4);
  const hash = bytes.subarray(8, 8 + HASH_BYTES);
  const text = Buffer.concat([old.subarray(0, start), bytes.subarray(8 + HASH_BYTES), old.subarray(old.length - end)]).toString('utf8');
  return { text, hash: hash.equals(NO_HASH) ? null : hash.toString('hex') };
}

/** FB5: an outside edit and the base it leads to, in one frame. */
export function encodeMerge(update: Uint8Array, base: Base, previous: string): Frame {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(update.length, 0);
  return { kind: FRAME.merge, payload: Buffer.concat([length, update, encodeBase(base, previous)]) };
}

export function decodeMerge(payload: Uint8Array, previous: string): { update: Uint8Array; base: Base } {
  const length = Buffer.from(payload.buffer, payload.byteOffset, 4).readUInt32LE(0);
  return { update: payload.subarray(4, 4 + length), base: decodeBase(payload.subarray(4 + length), previous) };
}
