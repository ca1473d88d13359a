import { BadFrame } from './bad-frame.ts';
import type { ByteCursor } from './byte-cursor.ts';

// Yjs decodes these recursively: a deep nest would overflow its stack.
const MAX_DEPTH = 64;

/** Checks and skips one value in lib0's "any" encoding (SY14). */
export function skipAny(cursor: ByteCursor, depth = 0): void {
  if (depth > MAX_DEPTH) throw new BadFrame('a value is nested too deeply');
  const type = cursor.uint8();
  switch (type) {
    case 127:
    case 126:
    case 121:
    case 120:
      return;
    case 125: {
      cursor.skipVarInt();
      return;
    }
    case 124: {
      cursor.skip(4);
      return;
    }
    case 123:
    case 122: {
      cursor.skip(8);
      return;
    }
    case 119:
      cursor.utf16Length();
      return;
    case 118:
      for (let n = cursor.count(2); n > 0; n--) {
        if (cursor.string() === '__proto__') throw new BadFrame('a key is not allowed');
        skipAny(cursor, depth + 1);
      }
      return;
    case 117:
      for (let n = cursor.count(); n > 0; n--) skipAny(cursor, depth + 1);
      return;
    case 116: {
      cursor.skipBlob();
      return;
    }
    default:
      throw new BadFrame('a value has an unknown type');
  }
}

/** Checks and skips a JSON text. `undefinedToo`: Yjs writes the word undefined in old JSON arrays. */
export function skipJson(cursor: ByteCursor, undefinedToo = false): void {
  const text = cursor.string();
  if (undefinedToo && text === 'undefined') return;
  try {
    JSON.parse(text);
  } catch {
    throw new BadFrame('a JSON value is broken');
  }
}
