import type { Room } from '../relay/room.ts';
import type { NodeFrame } from './node-frame.ts';
import { VersionTrack } from './version-track.ts';

const MAX_EARLY_BYTES = 4 * 1024 * 1024;

/** A document in memory, or on its way there: then what comes over the bus is kept until it is. */
export class OpenDocument {
  room: Room | null = null;
  track: VersionTrack | null = null;
  #early: NodeFrame[] = [];
  #earlyBytes = 0;

  /** Keeps a frame for {@link loaded}; above the bound it is dropped, and the versions after it tell. */
  keep(frame: NodeFrame, bytes: number): void {
    this.#earlyBytes += bytes;
    if (this.#earlyBytes <= MAX_EARLY_BYTES) this.#early.push(frame);
  }

  /** It is in memory; returns what came meanwhile. */
  loaded(room: Room, version: number): NodeFrame[] {
    this.room = room;
    this.track = new VersionTrack(version);
    return this.#early.splice(0);
  }
}
