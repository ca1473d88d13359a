import { MESSAGE, SYNC } from './message-type.ts';

/** One awareness entry as it travels: `state` is JSON text, "null" where the client left. */
export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  readonly state: string;
}

/** SyncStep1: "this is what I have" (an encoded state vector). */
export const writeStep1 = (stateVector: Uint8Array): Uint8Array => prefixed([MESSAGE.sync, SYNC.step1], stateVector);

/** SyncStep2: what the other side lacks, as a Yjs V1 update. */
export const writeStep2 = (update: Uint8Array): Uint8Array => prefixed([MESSAGE.sync, SYNC.step2], update);

/** A Yjs V1 update as it happens; from the relay to its author it is the acknowledgement (SY5). */
export const writeUpdate = (update: Uint8Array): Uint8Array => prefixed([MESSAGE.sync, SYNC.update], update);

/** An awareness update of an encoded list, see {@link encodeAwareness}. */
export const writeAwareness = (payload: Uint8Array): Uint8Array => prefixed([MESSAGE.awareness], payload);

/** Asks the other side for all awareness states; also our clients' sign of life. */
export const writeQueryAwareness = (): Uint8Array => Uint8Array.of(MESSAGE.queryAwareness);

/** y-protocols' "permission denied" with a sentence for the person. */
export const writePermissionDenied = (reason: string): Uint8Array => prefixed([MESSAGE.auth, 0], new TextEncoder().encode(reason));

/** The awareness payload of y-protocols for these entries. */
export function encodeAwareness(entries: readonly AwarenessEntry[]): Uint8Array {
  const text = new TextEncoder();
  const parts = [Uint8Array.from(varUints(entries.length))];
  for (const { clientId, clock, state } of entries) {
    const bytes = text.encode(state);
    parts.push(Uint8Array.from(varUints(clientId, clock, bytes.length)), bytes);
  }
  return concat(parts);
}

function prefixed(head: readonly number[], payload: Uint8Array): Uint8Array {
  const length = varUints(payload.length);
  const frame = new Uint8Array(head.length + length.length + payload.length);
  frame.set(head, 0);
  frame.set(length, head.length);
  frame.set(payload, head.length + length.length);
  return frame;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varUints(...values: readonly number[]): number[] {
  const out: number[] = [];
  for (let value of values) {
    for (; value > 127; value = Math.floor(value / 128)) out.push(0x80 | (value % 128));
    out.push(value);
  }
  return out;
}
