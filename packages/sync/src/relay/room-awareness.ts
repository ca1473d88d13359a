import type { AwarenessEntry } from '../wire/write-frame.ts';
import type { ClientOwners } from './client-owners.ts';
import type { RelayLimits } from './limits.ts';
import type { Peer } from './peer.ts';

const LEFT = 'null';
// Departed ids are remembered so that a late copy of their last state does not bring them back.
const MAX_REMEMBERED = 1_000;

/** What an awareness frame led to: entries to send on, entries to tell its sender, and whether something was refused for its size. */
export interface AwarenessOutcome {
  readonly relay: readonly AwarenessEntry[];
  /** Ids it showed that were told as gone since: whoever lives on says so with a newer clock, and copies are dropped. */
  readonly gone: readonly AwarenessEntry[];
  readonly refused: boolean;
}

/**
 * SY15: who is here. States are kept as JSON text with no timers: they live exactly as long as the peer they came from.
 * Stock clients send on what they hear from others; such copies are ignored because the id lives elsewhere.
 */
export class RoomAwareness {
  readonly #states = new Map<number, { clock: number; state: string }>();
  readonly #owners: ClientOwners;
  readonly #limits: RelayLimits;

  constructor(owners: ClientOwners, limits: RelayLimits) {
    this.#owners = owners;
    this.#limits = limits;
  }

  /** Takes a peer's frame in. */
  receive(peer: Peer, entries: readonly AwarenessEntry[]): AwarenessOutcome {
    const relay: AwarenessEntry[] = [];
    const gone: AwarenessEntry[] = [];
    let refused = false;
    for (const entry of entries) {
      this.#owners.introduce(peer, entry.clientId);
      if (!this.#isNews(peer, entry)) {
        const known = this.#states.get(entry.clientId);
        if (known?.state === LEFT && entry.state !== LEFT) gone.push({ clientId: entry.clientId, ...known });
        continue;
      }
      const stamped = entry.state === LEFT ? LEFT : this.#stamp(peer, entry.state);
      if (stamped === null || (this.#owners.ownerOf(entry.clientId) !== peer && !this.#mayClaim(peer))) {
        refused = true;
        continue;
      }
      this.#owners.claim(peer, entry.clientId);
      this.#states.set(entry.clientId, { clock: entry.clock, state: stamped });
      relay.push({ ...entry, state: stamped });
    }
    return { relay, gone, refused };
  }

  /** SY18: takes in what another process stamped and bound to `peer`. What is older than what is known, or another person's, is ignored. */
  adopt(peer: Peer, entries: readonly AwarenessEntry[]): AwarenessEntry[] {
    const relay = entries.filter((entry) => {
      const { clientId, clock, state } = entry;
      const known = this.#states.get(clientId);
      const owned = this.#owners.ownerOf(clientId) === peer;
      if (state === LEFT ? !owned || !known || known.clock > clock : !this.#owners.mayUse(peer, clientId)) return false;
      if (known && known.clock > clock) return false;
      if (state === LEFT) this.#owners.free(peer, clientId);
      else this.#owners.claim(peer, clientId);
      const news = known?.clock !== clock || known.state !== state;
      this.#states.set(clientId, { clock, state });
      return news;
    });
    this.#forgetOldest();
    return relay;
  }

  /** SY18: the entries that tell the others that these ids left, as far as can be known: who comes back is shown again. */
  lose(clientIds: readonly number[]): AwarenessEntry[] {
    const gone: AwarenessEntry[] = [];
    for (const clientId of clientIds) {
      const known = this.#states.get(clientId);
      this.#states.delete(clientId);
      if (known && known.state !== LEFT) gone.push({ clientId, clock: known.clock, state: LEFT });
    }
    return gone;
  }

  /** Everyone here. */
  entries(): AwarenessEntry[] {
    const present: AwarenessEntry[] = [];
    for (const [clientId, { clock, state }] of this.#states) if (state !== LEFT) present.push({ clientId, clock, state });
    return present;
  }

  /** The entries that tell the others that these ids left. */
  remove(clientIds: readonly number[]): AwarenessEntry[] {
    const gone: AwarenessEntry[] = [];
    for (const clientId of clientIds) {
      const known = this.#states.get(clientId);
      if (!known || known.state === LEFT) continue;
      const left = { clock: known.clock + 1, state: LEFT };
      this.#states.delete(clientId);
      this.#states.set(clientId, left);
      gone.push({ clientId, ...left });
    }
    this.#forgetOldest();
    return gone;
  }

  #isNews(peer: Peer, entry: AwarenessEntry): boolean {
    if (!this.#owners.mayUse(peer, entry.clientId)) return false;
    const known = this.#states.get(entry.clientId);
    const owner = this.#owners.ownerOf(entry.clientId);
    const owned = owner === peer;
    // Only the owner says that someone left; a copy of that from elsewhere would remove who is here.
    if (entry.state === LEFT) return owned && known !== undefined && known.clock <= entry.clock && known.state !== LEFT;
    const elsewhere = owner !== undefined && !owned;
    // A copy that took the id along would leave it here when the one it belongs to has gone.
    if (elsewhere && !this.#owners.isOwn(peer, entry.clientId)) return false;
    const wasCopy = elsewhere && !this.#owners.isOwn(owner, entry.clientId);
    return !known || known.clock < entry.clock || ((owned || wasCopy) && known.clock === entry.clock);
  }

  #mayClaim(peer: Peer): boolean {
    return this.#owners.count(peer) < this.#limits.maxAwarenessIds;
  }

  /** The state with the sender's identity as the server knows it, or null where it is too large or no object. */
  #stamp(peer: Peer, json: string): string | null {
    if (json.length > this.#limits.maxAwarenessStateBytes) return null;
    let state: unknown;
    try {
      state = JSON.parse(json);
    } catch {
      return null;
    }
    if (typeof state !== 'object' || state === null || Array.isArray(state)) return null;
    const { userId, userName } = peer.access;
    const claimed = (state as { user?: unknown }).user;
    const user = { ...(typeof claimed === 'object' ? claimed : null), id: userId, ...(userName === null ? null : { name: userName }) };
    return JSON.stringify({ ...state, user });
  }

  #forgetOldest(): void {
    let excess = this.#states.size - MAX_REMEMBERED;
    if (excess <= 0) return;
    for (const [clientId, { state }] of this.#states) {
      if (excess <= 0) return;
      if (state !== LEFT) continue;
      this.#states.delete(clientId);
      excess--;
    }
  }
}
