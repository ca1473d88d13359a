import type { Peer } from './peer.ts';

/**
 * Which peer a Yjs client id lives on (SY14, SY15). The same person's newer peer takes an id over, because a browser that
 * reconnects keeps its id while its old socket still looks alive; another person's peer never does.
 *
 * A peer's own id is the first it shows: stock clients introduce themselves when they connect, and send on what they hear
 * of others afterwards. Tabs of one browser hear each other past the relay, so a copy may come before the original.
 */
export class ClientOwners {
  readonly #owners = new Map<number, Peer>();
  readonly #ids = new Map<Peer, Set<number>>();
  readonly #own = new WeakMap<Peer, number>();

  ownerOf(client: number): Peer | undefined {
    return this.#owners.get(client);
  }

  /** The peer shows this id; the first one is its own. */
  introduce(peer: Peer, client: number): void {
    if (!this.#own.has(peer)) this.#own.set(peer, client);
  }

  /** Whether the peer introduced itself by this id. */
  isOwn(peer: Peer, client: number): boolean {
    return this.#own.get(peer) === client;
  }

  /** How many ids the peer holds. */
  count(peer: Peer): number {
    return this.#ids.get(peer)?.size ?? 0;
  }

  /** False where the id lives on another person's peer. */
  mayUse(peer: Peer, client: number): boolean {
    const owner = this.#owners.get(client);
    return !owner || owner === peer || owner.access.userId === peer.access.userId;
  }

  /** Binds an id to a peer; the caller asked {@link mayUse} before. */
  claim(peer: Peer, client: number): void {
    const owner = this.#owners.get(client);
    if (owner === peer) return;
    if (owner) this.#ids.get(owner)?.delete(client);
    this.#owners.set(client, peer);
    const ids = this.#ids.get(peer);
    if (ids) ids.add(client);
    else this.#ids.set(peer, new Set([client]));
  }

  /** The id lives nowhere any more. */
  free(peer: Peer, client: number): void {
    if (this.#owners.get(client) !== peer) return;
    this.#owners.delete(client);
    this.#ids.get(peer)?.delete(client);
  }

  /** Frees what a leaving peer still holds. Returns those ids. */
  release(peer: Peer): number[] {
    const ids = [...(this.#ids.get(peer) ?? [])];
    this.#ids.delete(peer);
    for (const id of ids) this.#owners.delete(id);
    return ids;
  }
}
