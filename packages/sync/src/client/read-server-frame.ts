import * as decoding from 'lib0/decoding';
import { MESSAGE, SYNC } from '../wire/message-type.ts';

/** A frame from the relay. */
export type ServerFrame =
  | { readonly kind: 'step1' | 'step2' | 'update'; readonly payload: Uint8Array }
  | { readonly kind: 'awareness'; readonly payload: Uint8Array }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'other' };

const KINDS = { [SYNC.step1]: 'step1', [SYNC.step2]: 'step2', [SYNC.update]: 'update' } as const;

/** Decodes a y-websocket frame. Throws where it is cut off. */
export function readServerFrame(bytes: Uint8Array): ServerFrame {
  const decoder = decoding.createDecoder(bytes);
  const type = decoding.readVarUint(decoder);
  if (type === MESSAGE.awareness) return { kind: 'awareness', payload: decoding.readVarUint8Array(decoder) };
  if (type === MESSAGE.sync) {
    const kind = KINDS[decoding.readVarUint(decoder) as keyof typeof KINDS];
    return kind ? { kind, payload: decoding.readVarUint8Array(decoder) } : { kind: 'other' };
  }
  if (type === MESSAGE.auth) {
    decoding.readVarUint(decoder);
    return { kind: 'denied', reason: decoding.readVarString(decoder) };
  }
  return { kind: 'other' };
}
