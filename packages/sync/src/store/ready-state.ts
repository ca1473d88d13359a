import * as encoding from 'lib0/encoding';
import { ByteCursor } from '../relay/byte-cursor.ts';
import { checkUpdate, type UpdateInfo, type UpdateLayout } from '../relay/check-update.ts';
import { missingStructs } from '../relay/missing-structs.ts';
import type { WireHead } from './wire-state.mjs';

/** SY16: a document that can be handed out before it is built: `update` is all of it (Yjs V1), `clocks` its state vector. Nothing in it is gapped (SY14). */
export interface ReadyState {
  readonly update: Uint8Array;
  readonly clocks: ReadonlyMap<number, number>;
}

/** The structs of one client, in pieces that follow each other. */
interface ClientStructs {
  structs: number;
  clock: number;
  readonly pieces: Uint8Array[];
}

type Deletions = Map<number, [clock: number, length: number][]>;

/**
 * Puts the updates that came after a wire state into it, by copying bytes. Null where that cannot be told from the bytes alone and the
 * document must be built: the wire state is not that of this snapshot, or an update is gapped, overlaps, or is not a usual one.
 * @param wire what `writeWireState` made
 * @param snapshot SHA-256 (hex) of the snapshot the updates follow
 */
export function readyState(wire: Uint8Array, snapshot: string | null, updates: readonly Uint8Array[]): ReadyState | null {
  const length = new DataView(wire.buffer, wire.byteOffset, wire.byteLength).getUint32(0);
  const head = JSON.parse(Buffer.from(wire.buffer, wire.byteOffset + 4, length).toString('utf8')) as WireHead;
  if (head.snapshot !== snapshot) return null;
  const clients = new Map<number, ClientStructs>();
  let at = 4 + length;
  for (const [client, structs, clock, bytes] of head.clients) {
    clients.set(client, { structs, clock, pieces: [wire.subarray(at, at + bytes)] });
    at += bytes;
  }
  const deleted: Deletions = new Map();
  for (const update of updates) if (!addUpdate(update, clients, deleted)) return null;
  const deletions = deleted.size === 0 ? [wire.subarray(at)] : withDeletions(wire.subarray(at), deleted);
  const clocks = new Map([...clients].map(([client, { clock }]) => [client, clock]));
  return { update: Buffer.concat([...structsOf(clients), ...deletions]), clocks };
}

/** False where it does not follow what is there. */
function addUpdate(update: Uint8Array, clients: Map<number, ClientStructs>, deleted: Deletions): boolean {
  const layout: UpdateLayout = { blocks: [], deletesAt: 0 };
  let info: UpdateInfo;
  try {
    info = checkUpdate(new ByteCursor(update), layout);
  } catch {
    return false;
  }
  const clockOf = (client: number) => clients.get(client)?.clock ?? 0;
  if (info.skips || missingStructs(info, clockOf).size > 0) return false;
  for (const [i, { client, from, to }] of info.ranges.entries()) {
    const block = layout.blocks[i]!;
    if (from !== clockOf(client) || block.client !== client) return false;
    const found = clients.get(client) ?? { structs: 0, clock: 0, pieces: [] };
    found.structs += block.structs;
    found.clock = to;
    found.pieces.push(update.subarray(block.start, block.end));
    clients.set(client, found);
  }
  if (info.deletes.length > 0) readDeletions(update.subarray(layout.deletesAt), deleted);
  return true;
}

/** Yjs V1: a count of clients; of each its count of structs, its id, the clock of the first, and the structs. */
function structsOf(clients: ReadonlyMap<number, ClientStructs>): Uint8Array[] {
  const parts: Uint8Array[] = [numbers([clients.size])];
  for (const [client, { structs, pieces }] of clients) {
    parts.push(numbers([structs, client, 0]));
    for (const piece of pieces) parts.push(piece);
  }
  return parts;
}

function withDeletions(stored: Uint8Array, deleted: Deletions): Uint8Array[] {
  readDeletions(stored, deleted);
  const out: number[] = [deleted.size];
  for (const [client, ranges] of deleted) {
    const merged = mergeRanges(ranges);
    out.push(client, merged.length);
    for (const [clock, length] of merged) out.push(clock, length);
  }
  return [numbers(out)];
}

function readDeletions(bytes: Uint8Array, into: Deletions): void {
  const cursor = new ByteCursor(bytes);
  for (let clients = cursor.varUint(); clients > 0; clients--) {
    const client = cursor.varUint();
    const ranges = into.get(client) ?? [];
    into.set(client, ranges);
    for (let left = cursor.varUint(); left > 0; left--) ranges.push([cursor.varUint(), cursor.varUint()]);
  }
}

/** In order and apart from each other, as Yjs keeps them. */
function mergeRanges(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [clock, length] of [...ranges].sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last && clock <= last[0] + last[1]) last[1] = Math.max(last[1], clock + length - last[0]);
    else merged.push([clock, length]);
  }
  return merged;
}

const numbers = (values: readonly number[]): Uint8Array =>
  encoding.encode((encoder) => {
    for (const value of values) encoding.writeVarUint(encoder, value);
  });
