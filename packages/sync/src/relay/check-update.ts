import { BadFrame } from './bad-frame.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { skipAny, skipJson } from './skip-any.ts';

/** Structs of one client in an update: clocks `from` (inclusive) to `to` (exclusive). */
export interface StructRange {
  readonly client: number;
  readonly from: number;
  readonly to: number;
}

/** What an update holds, without applying it. `deletes`: number of deleted ranges. */
export interface UpdateInfo {
  readonly ranges: readonly StructRange[];
  readonly deletes: number;
}

/**
 * Reads a whole Yjs V1 update and refuses anything Yjs would half-apply, choke on or silently misread (SY14): truncated,
 * trailing, huge counts, unknown content, empty structs, clocks beyond safe integers. Takes the cursor to its end.
 * Throws {@link BadFrame}.
 */
export function checkUpdate(cursor: ByteCursor): UpdateInfo {
  const ranges = checkStructs(cursor);
  const deletes = checkDeleteSet(cursor);
  cursor.finish();
  return { ranges, deletes };
}

function checkStructs(cursor: ByteCursor): StructRange[] {
  const clients = cursor.count(3);
  const ranges: StructRange[] = [];
  const seen = clients > 1 ? new Set<number>() : null;
  for (let i = 0; i < clients; i++) {
    const structs = cursor.count(2);
    const client = cursor.varUint();
    if (seen?.has(client)) throw new BadFrame('a client appears twice in an update');
    seen?.add(client);
    const from = cursor.varUint();
    let clock = from;
    for (let n = 0; n < structs; n++) {
      const length = structLength(cursor, client, clock);
      if (length === 0) throw new BadFrame('a struct is empty');
      clock += length;
      if (clock > Number.MAX_SAFE_INTEGER) throw new BadFrame('a clock is too large');
    }
    ranges.push({ client, from, to: clock });
  }
  return ranges;
}

function structLength(cursor: ByteCursor, client: number, clock: number): number {
  const info = cursor.uint8();
  const kind = info & 31;
  if (kind === 0 || kind === 10) {
    // Yjs's two readers disagree about further bits: one takes such a struct, the other throws.
    if (info !== kind) throw new BadFrame('a struct has an unknown content');
    return cursor.varUint();
  }
  if (info & 0x80) skipId(cursor, client, clock);
  if (info & 0x40) skipId(cursor, client, clock);
  if ((info & 0xc0) === 0) {
    const named = cursor.varUint();
    if (named > 1) throw new BadFrame('a parent is of no known kind');
    if (named === 1) cursor.utf16Length();
    else skipId(cursor, client, clock);
    if (info & 0x20) cursor.utf16Length();
  }
  return contentLength(cursor, kind);
}

function contentLength(cursor: ByteCursor, kind: number): number {
  switch (kind) {
    case 1:
      return cursor.varUint();
    case 2: {
      const count = cursor.count();
      for (let i = 0; i < count; i++) skipJson(cursor, true);
      return count;
    }
    case 3:
      cursor.skipBlob();
      return 1;
    case 4:
      return cursor.utf16Length();
    case 5:
      skipJson(cursor);
      return 1;
    case 6:
      cursor.utf16Length();
      skipJson(cursor);
      return 1;
    case 7:
      return typeLength(cursor);
    case 8: {
      const count = cursor.count();
      for (let i = 0; i < count; i++) skipAny(cursor);
      return count;
    }
    default:
      // 9 is a document inside the document, which nothing of ours reads.
      throw new BadFrame(kind === 9 ? 'documents inside documents are not allowed' : 'a struct has an unknown content');
  }
}

function typeLength(cursor: ByteCursor): number {
  const type = cursor.varUint();
  if (type > 6) throw new BadFrame('a shared type is unknown');
  // XmlElement and XmlHook carry a name.
  if (type === 3 || type === 5) cursor.utf16Length();
  return 1;
}

function checkDeleteSet(cursor: ByteCursor): number {
  const clients = cursor.count(2);
  let deletes = 0;
  for (let i = 0; i < clients; i++) {
    cursor.varUint();
    const ranges = cursor.count(2);
    for (let n = 0; n < ranges; n++) {
      const clock = cursor.varUint();
      const length = cursor.varUint();
      if (clock + length > Number.MAX_SAFE_INTEGER) throw new BadFrame('a clock is too large');
    }
    deletes += ranges;
  }
  return deletes;
}

/** A neighbour or parent of the struct at `client`, `clock`. Yjs never asks whether one of the same client is there yet: it throws. */
function skipId(cursor: ByteCursor, client: number, clock: number): void {
  const ofClient = cursor.varUint();
  const at = cursor.varUint();
  if (ofClient === client && at >= clock) throw new BadFrame('a struct hangs on itself or on what follows it');
}
