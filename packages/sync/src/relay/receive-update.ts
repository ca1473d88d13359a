import { CLOSE } from '@markco/core/sync/close-code';
import { writePermissionDenied } from '../wire/write-frame.ts';
import { BadFrame } from './bad-frame.ts';
import type { UpdateInfo } from './check-update.ts';
import { hasCircle } from './circular-structs.ts';
import type { AppliedUpdate } from './document-state.ts';
import type { SyncErrorReason } from './metrics.ts';
import { missingStructs } from './missing-structs.ts';
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

/** Why an update is not applied. */
interface Refusal {
  readonly reason: SyncErrorReason;
  readonly code: number;
  readonly message: string;
}

/** Takes a checked update in, or closes its author (SY3, SY6, SY7, SY14, SY17). */
export function receiveUpdate(talk: Conversation, frame: ClientFrame & { kind: 'update' }, host: RoomHost): void {
  if (talk.peer.access.mode === 'read') {
    refuseReadOnly(talk, host);
    return;
  }
  const { update, info } = frame;
  // What most have to say when they come is nothing: no document is built for that (SY16).
  const isEmpty = info.ranges.length === 0 && info.deletes.length === 0 && talk.introduced;
  if (isEmpty && !talk.room.state.isBuilt) {
    talk.room.acknowledgeLater(talk.peer, update);
    return;
  }
  if (!talk.room.build()) return;
  const refusal = whyNot(talk, frame, host);
  if (refusal) refuse(talk, host, refusal.reason, refusal.code, refusal.message);
  else applyUpdate(talk, update, info, host);
}

/** Closes a peer, and it alone. */
export function refuse(talk: Conversation, host: RoomHost, reason: SyncErrorReason, code: number, message: string): void {
  host.metrics.error(reason);
  talk.peer.close(code, message);
  talk.room.leave(talk.peer);
}

function whyNot(talk: Conversation, frame: ClientFrame & { kind: 'update' }, host: RoomHost): Refusal | null {
  const { room, peer } = talk;
  const { update, info } = frame;
  if (!talk.introduced) return badFrame('bad_frame', 'SyncStep1 must come before updates.');
  if (host.suspects.mustWait(room.ref.documentId, peer.access.userId))
    return badFrame('bad_frame', 'Updates of yours broke this document. You can write to it again in ten minutes.');
  if (!mayWrite(talk, frame.step2, info)) return badFrame('foreign_client', 'The update continues what another person is writing.');
  const tooLarge = whyTooLarge(room, update, info, host);
  if (tooLarge) return { reason: 'too_large', code: CLOSE.tooLarge, message: tooLarge };
  const missing = missingStructs(info, (client) => room.state.clockOf(client));
  // Whatever its author can have seen of others came from here. Only tabs of one person also hear each other.
  for (const client of missing.keys())
    if (!room.owners.mayUse(peer, client)) return badFrame('foreign_client', 'The update hangs on what another person has not written.');
  // Decided before anything is applied: an update is taken whole or not at all.
  if (missing.size > 0 && !hasRoomForGap(room, update, info, host)) return badFrame('too_large', GAP_TOO_LARGE);
  if (missing.size === 0 && info.ranges.length > 1 && hasCircle(update, (client) => room.state.clockOf(client)))
    return badFrame('bad_frame', 'Parts of the update hang on each other in a circle.');
  if (!host.queue.hasRoom(room.ref.documentId, update.length))
    return { reason: 'queue_full', code: CLOSE.tryLater, message: 'The server cannot save right now. Keep the page open.' };
  return null;
}

const GAP_TOO_LARGE = 'Too many edits arrived whose predecessors are missing.';

const badFrame = (reason: SyncErrorReason, message: string): Refusal => ({ reason, code: CLOSE.badFrame, message });

function applyUpdate(talk: Conversation, sent: Uint8Array, info: UpdateInfo, host: RoomHost): void {
  const { room, peer } = talk;
  let outcome: AppliedUpdate;
  try {
    outcome = room.state.apply(sent, info);
  } catch (error) {
    failedToApply(talk, error, host);
    return;
  }
  const { applied, integrated, ranges, gapped } = outcome;
  // What waits for others is stored as it came; of what was known in part, only the new part is.
  if (gapped) room.commit({ store: applied, news: integrated, sent, author: peer, ranges });
  else if (integrated === null) room.acknowledgeLater(peer, sent);
  else if (integrated.length < applied.length) room.commit({ store: integrated, news: integrated, sent, author: peer, ranges });
  else room.commit({ store: applied, news: applied, sent, author: peer, ranges });
}

/** The document may hold half of it: nobody sees it, everybody comes back to what is stored, except who sent it. */
function failedToApply(talk: Conversation, error: unknown, host: RoomHost): void {
  const { room, peer } = talk;
  host.suspects.failed(room.ref.documentId, peer.access.userId);
  refuse(
    talk,
    host,
    'bad_frame',
    CLOSE.badFrame,
    error instanceof BadFrame ? `Refused: ${error.message}.` : 'The update cannot be applied.',
  );
  room.fail(error);
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

/** SY17. Deletions are always taken, and who deleted before coming back has room for what they wrote. */
function whyTooLarge(room: Room, update: Uint8Array, info: UpdateInfo, { limits }: RoomHost): string | null {
  const { state } = room;
  let added = 0;
  for (const { client, from, to } of info.ranges) added += Math.max(0, to - Math.max(from, state.clockOf(client)));
  if (added === 0) return null;
  const over = state.textLength + added - limits.maxTextLength;
  if (over > 0 && (info.deletes.length === 0 || state.lengthDeletedBy(update) < over))
    return `Documents may have up to ${limits.maxTextLength} characters.`;
  if (state.hasRoomFor(update.length, limits.maxStateBytes)) return null;
  return `Documents may take up to ${limits.maxStateBytes} bytes, with everything that is in them.`;
}

function hasRoomForGap(room: Room, update: Uint8Array, info: UpdateInfo, { limits }: RoomHost): boolean {
  const { gapBytes, gapStructs } = room.state;
  return gapBytes + update.length <= limits.maxGapBytes && gapStructs + info.structs <= limits.maxGapStructs;
}

function refuseReadOnly(talk: Conversation, host: RoomHost): void {
  host.metrics.error('read_only');
  if (talk.warnedReadOnly) return;
  talk.warnedReadOnly = true;
  talk.peer.sendSync(writePermissionDenied('You may read this document, not change it.'));
}
