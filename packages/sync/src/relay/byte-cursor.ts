import { isUtf8 } from 'node:buffer';
import { BadFrame, FrameTooLarge } from './bad-frame.ts';

// Yjs makes objects of 100 bytes and more from parts of two bytes, and needs some µs for each.
const MAX_PARTS = 250_000;

/**
 * Reads the variable-length encoding of lib0 strictly (SY14): every read is bounded, numbers are canonical and safe
 * integers, strings are UTF-8. Throws {@link BadFrame}; copies nothing.
 */
export class ByteCursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  #parts = 0;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** One byte. */
  uint8(): number {
    if (this.at >= this.end) throw new BadFrame('the frame ends too early');
    return this.bytes[this.at++]!;
  }

  /** An unsigned integer up to 2^53 - 1. */
  varUint(): number {
    let byte = this.uint8();
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    do {
      byte = this.uint8();
      value += (byte & 127) * scale;
      scale *= 128;
      if (value > Number.MAX_SAFE_INTEGER) throw new BadFrame('a number is too large');
    } while (byte >= 128);
    if (byte === 0) throw new BadFrame('a number is not canonical');
    return value;
  }

  /** A signed integer (lib0's varInt) down to -(2^53 - 1): checked and skipped. */
  skipVarInt(): void {
    let byte = this.uint8();
    if (byte < 128) return;
    let value = byte & 63;
    let scale = 64;
    do {
      byte = this.uint8();
      value += (byte & 127) * scale;
      scale *= 128;
      if (value > Number.MAX_SAFE_INTEGER) throw new BadFrame('a number is too large');
    } while (byte >= 128);
    if (byte === 0) throw new BadFrame('a number is not canonical');
  }

  /**
   * A number of things that take at least `bytesEach` bytes apiece: a count that cannot fit is refused before anything is allocated.
   * Throws {@link FrameTooLarge} where all counts of the frame together are beyond what is worth reading.
   */
  count(bytesEach = 1): number {
    const count = this.varUint();
    if (count * bytesEach > this.remaining) throw new BadFrame('a count is larger than the frame');
    this.spend(count);
    return count;
  }

  /** Counts parts that the frame is made of. */
  spend(parts: number): void {
    this.#parts += parts;
    if (this.#parts > MAX_PARTS) throw new FrameTooLarge(`more than ${MAX_PARTS} parts in one message`);
  }

  skip(length: number): void {
    if (length > this.remaining) throw new BadFrame('the frame ends too early');
    this.at += length;
  }

  /** Length-prefixed bytes, as a view. */
  blob(): Uint8Array {
    const length = this.varUint();
    const from = this.at;
    this.skip(length);
    return this.bytes.subarray(from, this.at);
  }

  skipBlob(): void {
    this.skip(this.varUint());
  }

  /** A string's length in UTF-16 units; its bytes are checked and skipped. */
  utf16Length(): number {
    const length = this.varUint();
    const from = this.at;
    this.skip(length);
    let units = 0;
    let ascii = true;
    for (let i = from; i < this.at; i++) {
      const byte = this.bytes[i]!;
      if (byte < 0x80) units++;
      else {
        ascii = false;
        if (byte >= 0xf0) units += 2;
        else if (byte >= 0xc0) units++;
      }
    }
    if (!ascii && !isUtf8(this.bytes.subarray(from, this.at))) throw new BadFrame('a text is not UTF-8');
    return units;
  }

  string(): string {
    const bytes = this.blob();
    if (!isUtf8(bytes)) throw new BadFrame('a text is not UTF-8');
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  }

  /** Nothing may follow. */
  finish(): void {
    if (this.at !== this.end) throw new BadFrame('bytes follow the end of the message');
  }
}
