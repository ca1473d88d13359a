import type { Access } from './authorize.ts';

/** One user of a room: a socket or an in-process handle. Frames it is given were made durable first (SY4). */
export interface Peer {
  readonly access: Access;
  /** A sync frame; false where the peer is too far behind and must be given a state diff later (SY13). */
  sendSync(frame: Uint8Array): boolean;
  /** Dropped without harm where the peer is behind. */
  sendAwareness(frame: Uint8Array): void;
  /** Ends it with a code of core's CLOSE and a sentence. */
  close(code: number, reason: string): void;
}
