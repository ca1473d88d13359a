import * as encoding from 'lib0/encoding';
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
export const encodeAwareness = (entries: readonly AwarenessEntry[]): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, entries.length);
    for (const { clientId, clock, state } of entries) {
      encoding.writeVarUint(encoder, clientId);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, state);
    }
  });

/** A large payload is copied once. */
function prefixed(type: readonly number[], payload: Uint8Array): Uint8Array {
  const head = encoding.encode((encoder) => {
    for (const number of [...type, payload.length]) encoding.writeVarUint(encoder, number);
  });
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head, 0);
  frame.set(payload, head.length);
  return frame;
}
