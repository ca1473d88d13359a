import { BadFrame } from './bad-frame.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { skipAny, skipJson } from './skip-any.ts';

/** Structs of one client in an update: clocks `from` (inclusive) to `to` (exclusive). */
export interface StructRange {
  readonly client: number;
  readonly from: number;
  readonly to: number;
}

/** What an update deletes of one client: `ranges` of them, the last of which ends at `to`. */
export interface DeleteSpan {
  readonly client: number;
  readonly ranges: number;
  readonly to: number;
}

/** What an update holds, without applying it. */
export interface UpdateInfo {
  readonly ranges: readonly StructRange[];
  readonly deletes: readonly DeleteSpan[];
  /** Which clock of which other client its structs hang on, the highest of each. */
  readonly needs: ReadonlyMap<number, number>;
  readonly structs: number;
  /** It says itself that something is missing between its structs. */
  readonly skips: boolean;
}

/** Where in an update its parts lie: the structs of each client, and the deletions up to the end. Offsets in bytes. */
export interface UpdateLayout {
  readonly blocks: { readonly client: number; readonly structs: number; readonly start: number; readonly end: number }[];
  deletesAt: number;
}

/** The update as far as it was read. */
interface Reading {
  readonly cursor: ByteCursor;
  readonly layout: UpdateLayout | null;
  readonly ranges: StructRange[];
  needs: Map<number, number> | null;
  structs: number;
  skips: boolean;
  /** The struct being read. */
  client: number;
  clock: number;
  /** The client of the id read last. */
  named: number;
}

const NOTHING: ReadonlyMap<number, number> = new Map();
// Clocks count characters, and Yjs's second encoding loses precision long before 2^53.
const MAX_CLOCK = 2 ** 40;
const GC = 0;
const SKIP = 10;

/**
 * Reads a whole Yjs V1 update and refuses anything Yjs would half-apply, choke on or silently misread (SY14): truncated,
 * trailing, huge counts, unknown content, empty structs, structs that hang on themselves, deletions out of order, clocks
 * beyond reason. Takes the cursor to its end. Throws {@link BadFrame}.
 * @param layout is filled in, where the caller wants to take the update apart
 */
export function checkUpdate(cursor: ByteCursor, layout: UpdateLayout | null = null): UpdateInfo {
  const reading: Reading = { cursor, layout, ranges: [], needs: null, structs: 0, skips: false, client: 0, clock: 0, named: 0 };
  checkStructs(reading);
  if (layout) layout.deletesAt = cursor.at;
  const deletes = checkDeleteSet(cursor);
  cursor.finish();
  const { ranges, needs, structs, skips } = reading;
  return { ranges, deletes, needs: needs ?? NOTHING, structs, skips };
}

function checkStructs(reading: Reading): void {
  const { cursor } = reading;
  const clients = cursor.count(3);
  const seen = clients > 1 ? new Set<number>() : null;
  for (let i = 0; i < clients; i++) {
    const structs = cursor.count(2);
    reading.client = cursor.varUint();
    if (seen?.has(reading.client)) throw new BadFrame('a client appears twice in an update');
    seen?.add(reading.client);
    checkClient(reading, structs);
  }
}

function checkClient(reading: Reading, structs: number): void {
  const { cursor, client, ranges, layout } = reading;
  reading.clock = cursor.varUint();
  const start = cursor.at;
  let from = -1;
  let to = 0;
  for (let n = 0; n < structs; n++) {
    const info = cursor.uint8();
    const length = info === SKIP ? cursor.varUint() : structLength(reading, info);
    if (length === 0) throw new BadFrame('a struct is empty');
    if (info === SKIP) reading.skips = true;
    else {
      if (from === -1) from = reading.clock;
      to = reading.clock + length;
    }
    reading.clock += length;
    if (reading.clock > MAX_CLOCK) throw new BadFrame('a clock is too large');
  }
  reading.structs += structs;
  if (from !== -1) ranges.push({ client, from, to });
  layout?.blocks.push({ client, structs, start, end: cursor.at });
}

function structLength(reading: Reading, info: number): number {
  const { cursor } = reading;
  if (info === GC) return cursor.varUint();
  const kind = info & 31;
  // Yjs's two readers disagree about flags on structs that carry none: one takes them, the other throws.
  if (kind === GC || kind === SKIP) throw new BadFrame('a struct has an unknown content');
  const [left, leftClient] = info & 0x80 ? [readId(reading), reading.named] : [-1, -1];
  if (info & 0x40 && readId(reading) === left && reading.named === leftClient)
    throw new BadFrame('a struct lies between what does not enclose it');
  const keyed = (info & 0xe0) === 0x20;
  if ((info & 0xc0) === 0) {
    const named = cursor.varUint();
    if (named > 1) throw new BadFrame('a parent is of no known kind');
    if (named === 1) cursor.utf16Length();
    else readId(reading);
    if (keyed) cursor.utf16Length();
  }
  const length = contentLength(cursor, kind);
  // Yjs splits such a value and then forgets one half: deleting what it is in throws from then on.
  if (keyed && length > 1 && kind !== 1) throw new BadFrame('a key has more than one value');
  return length;
}

/** A neighbour or parent: its clock. Yjs never asks whether one of the same client is there yet: it throws. */
function readId(reading: Reading): number {
  const client = reading.cursor.varUint();
  const clock = reading.cursor.varUint();
  reading.named = client;
  if (client === reading.client) {
    if (clock >= reading.clock) throw new BadFrame('a struct hangs on itself or on what follows it');
    return clock;
  }
  if (clock > MAX_CLOCK) throw new BadFrame('a clock is too large');
  reading.needs ??= new Map();
  if (clock >= (reading.needs.get(client) ?? 0)) reading.needs.set(client, clock);
  return clock;
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

/** Yjs writes deletions in order. Out of order it would keep those it cannot apply yet as other ones, and empty ones throw. */
function checkDeleteSet(cursor: ByteCursor): DeleteSpan[] {
  const clients = cursor.count(2);
  const spans: DeleteSpan[] = [];
  const seen = clients > 1 ? new Set<number>() : null;
  for (let i = 0; i < clients; i++) {
    const client = cursor.varUint();
    if (seen?.has(client)) throw new BadFrame('a client appears twice in an update');
    seen?.add(client);
    const ranges = cursor.count(2);
    let to = 0;
    for (let n = 0; n < ranges; n++) {
      const clock = cursor.varUint();
      const length = cursor.varUint();
      if (length === 0) throw new BadFrame('a deletion is empty');
      if (clock < to) throw new BadFrame('deletions are out of order');
      to = clock + length;
      if (to > MAX_CLOCK) throw new BadFrame('a clock is too large');
    }
    if (ranges > 0) spans.push({ client, ranges, to });
  }
  return spans;
}
