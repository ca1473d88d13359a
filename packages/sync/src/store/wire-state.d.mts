import type * as Y from 'yjs';

/** The first part of a wire state. `clients`, in the order of their structs: client id, structs, the clock after them, bytes. */
export interface WireHead {
  /** SHA-256 (hex) of the snapshot that has the same. */
  readonly snapshot: string;
  readonly clients: readonly (readonly [client: number, structs: number, clock: number, bytes: number])[];
}

/**
 * SY16: a document as clients are sent it (Yjs V1), taken apart by client, so that updates can be put in by copying bytes. Nothing in
 * `doc` may wait for missing structs. `snapshot`: SHA-256 (hex) of the snapshot that has the same.
 */
export function writeWireState(doc: Y.Doc, snapshot: string): Uint8Array<ArrayBuffer>;
