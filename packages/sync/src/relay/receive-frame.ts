import { CLOSE } from '@markco/core/sync/close-code';
import { encodeAwareness, writeAwareness, writePermissionDenied } from '../wire/write-frame.ts';
import type { UpdateInfo } from './check-update.ts';
import type { SyncErrorReason } from './metrics.ts';
import type { Peer } from './peer.ts';
import type { ClientFrame } from './read-frame.ts';
import type { Room, RoomHost } from './room.ts';

/** What one peer did so far in its room. */
export interface Conversation {
  readonly room: Room;
  readonly peer: Peer;
  /** It said what it has; only then may it write (SY7). */
  introduced: boolean;
  /** The history its copy belongs to, where it says so (our clients do, once they were synced). */
  readonly epoch: string | null;
  warnedReadOnly: boolean;
}

/** Handles one checked frame of a peer in its room. Refusals close that peer alone. */
export function receiveFrame(talk: Conversation, frame: ClientFrame, host: RoomHost): void {
  switch (frame.kind) {
    case 'step1': {
      introduce(talk, frame, host);
      return;
    }
    case 'update': {
      receiveUpdate(talk, frame, host);
      return;
    }
    case 'awareness': {
      const { relay, refused } = talk.room.awareness.receive(talk.peer, frame.entries);
      if (refused) host.metrics.error('awareness_limit');
      if (relay.length > 0) talk.room.relayAwareness(relay, talk.peer);
      return;
    }
    case 'query': {
      talk.peer.sendAwareness(writeAwareness(encodeAwareness(talk.room.awareness.entries())));
      return;
    }
    case 'auth':
      return;
  }
}

function introduce(talk: Conversation, frame: ClientFrame & { kind: 'step1' }, host: RoomHost): void {
  const { room, peer } = talk;
  if (!talk.introduced && hasOtherHistory(talk, frame.clients)) {
    refuse(talk, host, 'history', CLOSE.historyDiffers, 'This copy has a history of its own. It must be merged as text.');
    return;
  }
  talk.introduced = true;
  room.sendState(peer, frame.stateVector, 'step2');
}

/** SY7. Two histories of one epoch may share no client yet: both began in the same empty document. */
function hasOtherHistory({ room, peer, epoch }: Conversation, clients: readonly number[]): boolean {
  if (epoch !== null && clients.length > 0) return epoch !== room.epoch;
  return peer.access.mode === 'write' && room.state.isForeign(clients);
}

function receiveUpdate(talk: Conversation, frame: ClientFrame & { kind: 'update' }, host: RoomHost): void {
  const { room, peer } = talk;
  if (peer.access.mode === 'read') {
    refuseReadOnly(talk, host);
    return;
  }
  if (!talk.introduced) {
    refuse(talk, host, 'bad_frame', CLOSE.badFrame, 'SyncStep1 must come before updates.');
    return;
  }
  const { update, info } = frame;
  if (!mayWrite(talk, frame.step2, info)) {
    refuse(talk, host, 'foreign_client', CLOSE.badFrame, 'The update continues what another person is writing.');
    return;
  }
  if (isTooLarge(room, info, host)) {
    refuse(talk, host, 'too_large', CLOSE.tooLarge, `Documents may have up to ${host.limits.maxTextLength} characters.`);
    return;
  }
  if (!host.queue.hasRoom(room.ref.documentId, update.length)) {
    refuse(talk, host, 'queue_full', CLOSE.tryLater, 'The server cannot save right now. Keep the page open.');
    return;
  }
  applyUpdate(talk, update, info, host);
}

function applyUpdate(talk: Conversation, sent: Uint8Array, info: UpdateInfo, host: RoomHost): void {
  const { room, peer } = talk;
  let applied: ReturnType<typeof room.state.apply>;
  try {
    applied = room.state.apply(sent);
  } catch (error) {
    // The document may hold half of it: nobody sees it, everybody comes back to what is stored.
    room.fail(error);
    return;
  }
  const { integrated, gapped } = applied;
  if (gapped && room.state.gapBytes > host.limits.maxGapBytes) {
    room.state.dropGaps();
    if (integrated) room.commit({ store: integrated, news: integrated, sent: integrated, author: null });
    refuse(talk, host, 'too_large', CLOSE.badFrame, 'Too many edits arrived whose predecessors are missing.');
    return;
  }
  // What waits for others is stored as it came; of what was known in part, only the new part is.
  if (gapped) room.commit({ store: sent, news: integrated, sent, author: peer });
  else if (integrated === null) room.acknowledgeLater(peer, sent);
  else if (integrated.length < sent.length) room.commit({ store: integrated, news: integrated, sent, author: peer });
  else room.commit({ store: sent, news: sent, sent, author: peer, ranges: info.ranges });
}

/** SY14: an edit may continue a client id only from where that id lives. A SyncStep2 of the same person may carry another tab's. */
function mayWrite(talk: Conversation, step2: boolean, info: UpdateInfo): boolean {
  const { room, peer } = talk;
  for (const { client, to } of info.ranges) {
    if (to <= room.state.clockOf(client)) continue;
    if (!room.owners.mayUse(peer, client)) return false;
    if (!step2) room.owners.claim(peer, client);
  }
  return true;
}

/** SY17. Deletions are always taken. */
function isTooLarge(room: Room, info: UpdateInfo, host: RoomHost): boolean {
  let added = 0;
  for (const { client, from, to } of info.ranges) added += Math.max(0, to - Math.max(from, room.state.clockOf(client)));
  return added > 0 && room.state.textLength + added > host.limits.maxTextLength;
}

function refuseReadOnly(talk: Conversation, host: RoomHost): void {
  host.metrics.error('read_only');
  if (talk.warnedReadOnly) return;
  talk.warnedReadOnly = true;
  talk.peer.sendSync(writePermissionDenied('You may read this document, not change it.'));
}

function refuse(talk: Conversation, host: RoomHost, reason: SyncErrorReason, code: number, message: string): void {
  host.metrics.error(reason);
  talk.peer.close(code, message);
  talk.room.leave(talk.peer);
}
