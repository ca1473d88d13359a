import { documentRef } from '@markco/testing/relay-harness';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AwarenessEntry } from '../wire/write-frame.ts';
import { ClientOwners } from './client-owners.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Peer } from './peer.ts';
import { RoomAwareness } from './room-awareness.ts';

const ref = documentRef();

function peerOf(userId: string): Peer {
  return {
    access: { ref, userId, userName: null, mode: 'write', sid: null, expiresAt: Number.POSITIVE_INFINITY },
    sendSync: () => true,
    sendAwareness: () => {},
    close: () => {},
  };
}

const room = () => {
  const owners = new ClientOwners();
  return { owners, awareness: new RoomAwareness(owners, DEFAULT_LIMITS) };
};

/** A stock client in a tab: what it shows goes to the relay, and through the other tabs' sockets too. */
class Tab {
  readonly peer = peerOf('ada');
  readonly sent: AwarenessEntry[] = [];
  clock = 0;
  gone = false;
  readonly id: number;
  readonly others: readonly Tab[];

  constructor(id: number, others: readonly Tab[]) {
    this.id = id;
    this.others = others;
  }

  /** It introduced itself and did not go. */
  get here(): boolean {
    return this.clock > 0 && !this.gone;
  }

  show(clock = this.clock + 1): void {
    this.clock = Math.max(this.clock, clock);
    const entry = { clientId: this.id, clock: this.clock, state: '{}' };
    this.sent.push(entry);
    for (const tab of this.others) if (tab !== this && tab.here) tab.sent.push(entry);
  }
}

const step = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('show', 'read', 'read') }, { weight: 1, arbitrary: fc.constant('die') });

describe('RoomAwareness', () => {
  it('SY15: a copy that comes before the original does not keep the cursor of one who left', () => {
    const { owners, awareness } = room();
    const [a, b] = [peerOf('ada'), peerOf('ada')];
    awareness.receive(a, [{ clientId: 1, clock: 1, state: '{}' }]);
    awareness.receive(a, [{ clientId: 2, clock: 1, state: '{}' }]);
    awareness.receive(b, [{ clientId: 2, clock: 1, state: '{}' }]);
    awareness.receive(a, [{ clientId: 2, clock: 2, state: '{}' }]);
    awareness.receive(b, [{ clientId: 2, clock: 2, state: '{}' }]);
    expect(awareness.remove(owners.release(b))).toMatchObject([{ clientId: 2, state: 'null' }]);
    expect(awareness.entries().map(({ clientId }) => clientId)).toEqual([1]);
  });

  it('SY15: a page that comes back takes its own id from a socket that still looks alive', () => {
    const { owners, awareness } = room();
    const [old, fresh] = [peerOf('ada'), peerOf('ada')];
    awareness.receive(old, [{ clientId: 1, clock: 1, state: '{}' }]);
    awareness.receive(fresh, [{ clientId: 1, clock: 2, state: '{}' }]);
    expect(awareness.remove(owners.release(old))).toEqual([]);
    expect(awareness.entries()).toMatchObject([{ clientId: 1, clock: 2 }]);
  });

  it('SY15: who came and did not go is here, whatever order the sockets of the tabs of one browser are read in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat({ max: 3 })), { maxLength: 80, size: 'max' }), (steps) => {
        const { owners, awareness } = room();
        const tabs: Tab[] = [];
        for (let id = 0; id < 4; id++) tabs.push(new Tab(id, tabs));
        const tell = (entries: readonly AwarenessEntry[]) => {
          for (const { clientId, clock, state } of entries) {
            const tab = tabs[clientId]!;
            if (state === 'null' && !tab.gone) tab.show(clock + 1);
          }
        };
        const read = (tab: Tab) => {
          const entry = tab.sent.shift();
          if (entry) tell(awareness.receive(tab.peer, [entry]).gone);
        };
        for (const [what, at] of steps) {
          const tab = tabs[at]!;
          if (tab.gone) continue;
          if (what === 'show') tab.show();
          else if (what === 'read') read(tab);
          else if (what === 'die') {
            tab.gone = true;
            while (tab.sent.length > 0) read(tab);
            tell(awareness.remove(owners.release(tab.peer)));
          }
        }
        while (tabs.some(({ sent }) => sent.length > 0)) for (const tab of tabs) read(tab);
        const here = tabs.filter((tab) => tab.here).map(({ id }) => id);
        expect(new Set(awareness.entries().map(({ clientId }) => clientId))).toEqual(new Set(here));
      }),
      { numRuns: 300 },
    );
  });
});
