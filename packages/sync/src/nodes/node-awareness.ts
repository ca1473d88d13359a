import { readFrame } from '../relay/read-frame.ts';
import type { Room } from '../relay/room.ts';
import { type AwarenessEntry, encodeAwareness, writeAwareness } from '../wire/write-frame.ts';
import type { NodeFrame } from './node-frame.ts';
import { RemotePeer } from './remote-peer.ts';

/**
 * SY15 across processes: cursors of other nodes in the rooms of this one. Each id is bound to the node and person it came
 * from, identities were stamped there, and all of a node's ids go when it does.
 */
export class NodeAwareness {
  readonly #peers = new Map<Room, Map<string, RemotePeer>>();

  /** Shows what came from another node. Throws where it is not an awareness payload. */
  take(room: Room, frame: NodeFrame & { kind: 'awareness' }): void {
    const message = readFrame(writeAwareness(frame.payload));
    if (message.kind !== 'awareness') return;
    const news = room.awareness.adopt(this.#peer(room, frame.node, frame.userId), message.entries);
    if (news.length > 0) room.relayAwareness(news, null);
  }

  /** Those who are here, by person: what another node wants to know. */
  present(room: Room): Map<string, Uint8Array> {
    const byUser = new Map<string, AwarenessEntry[]>();
    for (const entry of room.awareness.entries()) {
      const owner = room.owners.ownerOf(entry.clientId);
      if (!owner || owner instanceof RemotePeer) continue;
      const entries = byUser.get(owner.access.userId);
      if (entries) entries.push(entry);
      else byUser.set(owner.access.userId, [entry]);
    }
    return new Map([...byUser].map(([userId, entries]) => [userId, encodeAwareness(entries)]));
  }

  /** The node is gone: so are its cursors. */
  lose(node: string): void {
    for (const [room, peers] of this.#peers) {
      for (const [key, peer] of peers) {
        if (peer.node !== node) continue;
        peers.delete(key);
        const gone = room.awareness.lose(room.owners.release(peer));
        if (gone.length > 0) room.relayAwareness(gone, null);
      }
    }
  }

  /** The room is not in memory any more. */
  forget(room: Room): void {
    this.#peers.delete(room);
  }

  #peer(room: Room, node: string, userId: string): RemotePeer {
    const peers = this.#peers.get(room) ?? new Map<string, RemotePeer>();
    this.#peers.set(room, peers);
    const key = `${node} ${userId}`;
    const peer = peers.get(key) ?? new RemotePeer(node, userId, room.ref);
    peers.set(key, peer);
    return peer;
  }
}
