import type { Access } from '../relay/authorize.ts';
import type { Peer } from '../relay/peer.ts';
import type { DocumentRef } from '../store/document-store.ts';

/** One person's sockets on another relay process, as an owner of client ids (SY14, SY15). Nothing is sent to it: that process sees to it. */
export class RemotePeer implements Peer {
  readonly node: string;
  readonly access: Access;

  constructor(node: string, userId: string, ref: DocumentRef) {
    this.node = node;
    this.access = { ref, userId, userName: null, mode: 'write', sid: null, expiresAt: Number.POSITIVE_INFINITY };
  }

  sendSync(): boolean {
    return true;
  }

  sendAwareness(): void {}

  close(): void {}
}
