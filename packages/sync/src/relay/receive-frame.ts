import { CLOSE } from '@markco/core/sync/close-code';
import { encodeAwareness, writeAwareness } from '../wire/write-frame.ts';
import type { ClientFrame } from './read-frame.ts';
import { type Conversation, receiveUpdate, refuse } from './receive-update.ts';
import type { RoomHost } from './room.ts';

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
      const { relay, gone, refused } = talk.room.awareness.receive(talk.peer, frame.entries);
      if (refused) host.metrics.error('awareness_limit');
      if (gone.length > 0) talk.peer.sendAwareness(writeAwareness(encodeAwareness(gone)));
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
