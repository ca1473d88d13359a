import { documentRef } from '@markco/testing/relay-harness';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { connectDocument } from './connect-document.ts';
import type { DocumentConnection } from './document-connection.ts';
import { FlakyRelay, FlakySocket } from './flaky-relay.ts';

const CLIENTS = 3;
const who = fc.nat(CLIENTS - 1);

/** Everything that can happen, one thing at a time. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('insert' as const), who, at: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), who, at: fc.nat(30) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('toServer' as const), who }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('toClient' as const), who }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('open' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('flow' as const), who }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), on: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 400 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Client {
  doc: Y.Doc;
  connection: DocumentConnection;
  socket: FlakySocket | null;
}

class World {
  readonly ref = documentRef();
  readonly relay = new FlakyRelay(this.ref);
  readonly clients: Client[] = Array.from({ length: CLIENTS }, () => this.#client());

  async take(action: Step): Promise<void> {
    if ('who' in action) this.#act(this.clients[action.who]!, action);
    else if (action.kind === 'open') for (const { socket } of this.clients) socket?.open();
    else if (action.kind === 'commit') this.relay.store.commit();
    else if (action.kind === 'refuse') this.relay.store.refuse();
    else if (action.kind === 'restart') this.relay.restart();
    else if (action.kind === 'drop') this.#drop(action.on);
    await vi.advanceTimersByTimeAsync(action.kind === 'wait' ? action.ms : 0);
  }

  /** Delivers and commits everything until nothing moves any more. */
  async heal(rounds = 60): Promise<void> {
    this.#drop(false);
    for (let round = 0; round < rounds; round++) {
      for (const { socket } of this.clients) {
        socket?.open();
        flow(socket);
      }
      this.relay.store.commit();
      await vi.advanceTimersByTimeAsync(100);
    }
  }

  close(): void {
    for (const { connection } of this.clients) connection.close();
  }

  #act({ doc, socket }: Client, action: Step & { who: number }): void {
    const text = doc.getText('content');
    if (action.kind === 'insert') text.insert(Math.min(action.at, text.length), 'x');
    else if (action.kind === 'delete' && text.length > 0) text.delete(Math.min(action.at, text.length - 1), 1);
    else if (action.kind === 'toServer') socket?.deliverToServer();
    else if (action.kind === 'toClient') socket?.deliverToClient();
    else if (action.kind === 'cut') socket?.cut();
    else if (action.kind === 'flow') flow(socket);
  }

  #drop(on: boolean): void {
    this.relay.dropping = on;
    if (!on) for (const { talk } of [...this.relay.sockets]) if (talk) this.relay.drained(talk);
  }

  #client(): Client {
    const doc = new Y.Doc();
    const client: Client = { doc, socket: null, connection: null as unknown as DocumentConnection };
    const { ref, relay } = this;
    class Socket extends FlakySocket {
      constructor() {
        super(relay);
        client.socket = this;
      }
    }
    client.connection = connectDocument(
      {
        doc,
        epoch: null,
        getTicket: async () => ({
          url: 'ws://relay/sync',
          token: 't',
          documentId: ref.documentId,
          epoch: 'epoch-1',
          expiresAt: new Date(Date.now() + 1e9),
        }),
        onHistoryDiffers: () => {
          throw new Error('the history never changes here');
        },
        WebSocket: Socket as unknown as typeof globalThis.WebSocket,
      },
      { retryMinMs: 10, retryMaxMs: 80, confirmMs: 100, silenceMs: 1e8, openTimeoutMs: 1e8 },
    );
    return client;
  }
}

/** Delivers what is on its way, both ways; commits nothing. */
function flow(socket: FlakySocket | null): void {
  while (socket && socket.toServer.length + socket.toClient.length > 0 && socket.readyState === 1) {
    socket.deliverToServer();
    socket.deliverToClient();
  }
}

/** True where `part` holds nothing, deletions included, that `whole` does not. */
function isWithin(part: Y.Doc, whole: Y.Doc): boolean {
  let grew = false;
  whole.on('update', () => {
    grew = true;
  });
  Y.applyUpdate(whole, Y.encodeStateAsUpdate(part));
  return !grew;
}

describe('connectDocument over a network and a store that fail at any point', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('SY4, SY5: "saved" is only ever said of what is durable, and in the end everyone has everything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        const world = new World();
        await world.heal(2);
        for (const action of steps) {
          await world.take(action);
          for (const { doc, connection } of world.clients) {
            const { synced, unsaved } = connection.status;
            if (synced && unsaved === 0) expect(isWithin(doc, world.relay.durable())).toBe(true);
          }
        }
        await world.heal();
        const texts = world.clients.map(({ doc }) => doc.getText('content').toString());
        expect(new Set([...texts, world.relay.durable().getText('content').toString()]).size).toBe(1);
        expect(world.clients.map(({ connection }) => connection.status)).toEqual(
          world.clients.map(() => ({ connection: 'connected', synced: true, unsaved: 0 })),
        );
        world.close();
      }),
      { numRuns: 40 },
    );
  });
});
