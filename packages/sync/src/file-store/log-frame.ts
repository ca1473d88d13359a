import { crc32 } from 'node:zlib';

/** What a frame of a document's log says. The numbers are on disk: never change one. */
export const FRAME = {
  /** JSON {documentId, epoch, path}; first in every log. */ header: 1,
  /** Yjs V2 state; everything before it is folded in. */ snapshot: 2,
  /** One Yjs V1 update. */ update: 3,
  /** The text the file and the document last agreed on (FB5). */ base: 4,
  /** An outside edit: update and new base in one frame, so that a crash can not part them. */ merge: 5,
  /** About to write this text to the file (FB6). */ intent: 6,
  /** The write announced by the last intent happened. */ done: 7,
  /** The text server and folder last agreed on (FB4). */ agreed: 8,
} as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];
export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

const HEAD_BYTES = 9;

/** Frame on disk: u32 length of the payload, u32 CRC-32 of kind and payload, u8 kind, payload; little endian (SY11). */
export function encodeFrame({ kind, payload }: Frame): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes[8] = kind;
  bytes.set(payload, HEAD_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

export interface DecodedLog {
  readonly frames: Frame[];
  /** Bytes of the good frames; what comes after is not to be trusted. */
  readonly goodBytes: number;
}

/** Reads frames up to the first that is cut off or damaged. Payloads are views into `bytes`. */
export function decodeFrames(bytes: Buffer): DecodedLog {
  const frames: Frame[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const kind = bytes[at + 8] as FrameKind;
    if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) break;
    frames.push({ kind, payload: bytes.subarray(at + HEAD_BYTES, end) });
    at = end;
  }
  return { frames, goodBytes: at };
}
