import { MESSAGE, SYNC } from '../wire/message-type.ts';
import type { AwarenessEntry } from '../wire/write-frame.ts';
import { BadFrame } from './bad-frame.ts';
import { ByteCursor } from './byte-cursor.ts';
import { checkUpdate, type UpdateInfo } from './check-update.ts';

/** It counts the changes of a cursor. */
const MAX_AWARENESS_CLOCK = 2 ** 40;

/** A frame from a client, checked to its last byte. Byte arrays are views of the frame. */
export type ClientFrame =
  | { readonly kind: 'step1'; readonly stateVector: Uint8Array; readonly clients: readonly number[] }
  | { readonly kind: 'update'; readonly step2: boolean; readonly update: Uint8Array; readonly info: UpdateInfo }
  | { readonly kind: 'awareness'; readonly entries: readonly AwarenessEntry[] }
  | { readonly kind: 'query' }
  | { readonly kind: 'auth' };

/** Decodes one y-websocket frame (SY1, SY14). Throws {@link BadFrame}. */
export function readFrame(bytes: Uint8Array): ClientFrame {
  const cursor = new ByteCursor(bytes);
  const type = cursor.varUint();
  switch (type) {
    case MESSAGE.sync:
      return readSync(cursor);
    case MESSAGE.awareness: {
      const payload = cursor.blob();
      cursor.finish();
      return { kind: 'awareness', entries: readAwareness(new ByteCursor(payload)) };
    }
    case MESSAGE.queryAwareness:
      cursor.finish();
      return { kind: 'query' };
    case MESSAGE.auth:
      cursor.varUint();
      cursor.utf16Length();
      cursor.finish();
      return { kind: 'auth' };
    default:
      throw new BadFrame('the message type is unknown');
  }
}

function readSync(cursor: ByteCursor): ClientFrame {
  const kind = cursor.varUint();
  const payload = cursor.blob();
  cursor.finish();
  if (kind === SYNC.step1) return { kind: 'step1', stateVector: payload, clients: readStateVector(new ByteCursor(payload)) };
  if (kind !== SYNC.step2 && kind !== SYNC.update) throw new BadFrame('the sync message is unknown');
  return { kind: 'update', step2: kind === SYNC.step2, update: payload, info: checkUpdate(new ByteCursor(payload)) };
}

/** The clients with a clock above 0 in an encoded state vector. */
function readStateVector(cursor: ByteCursor): number[] {
  const count = cursor.count(2);
  const clients: number[] = [];
  for (let i = 0; i < count; i++) {
    const client = cursor.varUint();
    if (cursor.varUint() > 0) clients.push(client);
  }
  cursor.finish();
  return clients;
}

function readAwareness(cursor: ByteCursor): AwarenessEntry[] {
  const count = cursor.count(3);
  const entries: AwarenessEntry[] = [];
  for (let i = 0; i < count; i++) {
    const entry = { clientId: cursor.varUint(), clock: cursor.varUint(), state: cursor.string() };
    // Stock clients send on what they hear: a clock that grew out of bounds would have innocent ones refused.
    if (entry.clock > MAX_AWARENESS_CLOCK) throw new BadFrame('a clock is too large');
    entries.push(entry);
  }
  cursor.finish();
  return entries;
}
