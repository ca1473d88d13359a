import { BadFrame } from './bad-frame.ts';
import type { ByteCursor } from './byte-cursor.ts';

// Yjs decodes these recursively: a deep nest would overflow its stack.
const MAX_DEPTH = 64;

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Array.from('"\\,[]{}', (char) =>
  char.charCodeAt(0),
) as [number, number, number, number, number, number, number];

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
  spendJson(cursor, text);
  try {
    JSON.parse(text);
  } catch {
    throw new BadFrame('a JSON value is broken');
  }
}

/** JSON.parse reads any depth, but what it read could never be written again: JSON.stringify overflows the stack. */
function spendJson(cursor: ByteCursor, text: string): void {
  let depth = 0;
  let parts = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === COMMA) parts++;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      parts++;
      if (++depth > MAX_DEPTH) throw new BadFrame('a value is nested too deeply');
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
  }
  cursor.spend(parts);
}
