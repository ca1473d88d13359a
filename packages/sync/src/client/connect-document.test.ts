import { randomUUID } from 'node:crypto';
import {
  converged,
  type RelayHarness,
  startRelayWithDocument,
  storedText,
  until,
  updateOf,
  withoutOwnClock,
} from '@markco/testing/relay-harness';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { DocumentRef } from '../store/document-store.ts';
import { connectDocument } from './connect-document.ts';
import type { ConnectionOptions, DocumentConnection, Ticket } from './document-connection.ts';

const QUICK = { retryMinMs: 5, retryMaxMs: 20, laterMs: 5, confirmMs: 30 };
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function start(options: Parameters<typeof startRelayWithDocument>[0] = {}) {
  const harness = await startRelayWithDocument(options);
  open.push(() => harness.stop());
  return harness;
}

const ticketFor = (harness: RelayHarness, ref: DocumentRef, query: Record<string, string> = {}): Ticket => ({
  url: harness.documentUrl(ref, query),
  token: randomUUID(),
  documentId: ref.documentId,
  epoch: 'epoch-1',
  expiresAt: new Date(Date.now() + 300_000),
});

function client(
  harness: RelayHarness & { ref: DocumentRef },
  options: Partial<ConnectionOptions> = {},
  query: Record<string, string> = {},
) {
  const doc = options.doc ?? new Y.Doc();
  const connection: DocumentConnection = connectDocument(
    {
      doc,
      epoch: null,
      getTicket: async () => ticketFor(harness, harness.ref, query),
      onHistoryDiffers: () => {},
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
      ...options,
    },
    QUICK,
  );
  open.push(() => connection.close());
  return { doc, connection, text: doc.getText('content') };
}

describe('connectDocument', () => {
  it('SY5: an edit is saved when its echo came, and is then in the store', async () => {
    const harness = await start({ text: 'Hello' });
    const a = client(harness);
    await until(() => a.connection.status.synced);
    a.text.insert(5, ' world');
    expect(a.connection.status.unsaved).toBe(1);
    await a.connection.flushed();
    expect(a.connection.status).toEqual({ connection: 'connected', synced: true, unsaved: 0 });
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('Hello world');
  });

  it('SY5: edits made offline are counted, sent once on connecting, and acknowledged', async () => {
    const harness = await start();
    let online = false;
    const ticket = async () => {
      if (!online) throw new Error('offline');
      return ticketFor(harness, harness.ref);
    };
    const a = client(harness, { getTicket: ticket });
    a.text.insert(0, 'one ');
    a.text.insert(4, 'two');
    await until(() => a.connection.status.connection === 'offline');
    expect(a.connection.status.unsaved).toBe(2);
    online = true;
    await a.connection.flushed();
    expect(a.connection.status.unsaved).toBe(0);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('one two');
  });

  it('SY5: deletions alone are acknowledged too', async () => {
    const harness = await start({ text: 'Hello' });
    const a = client(harness);
    await until(() => a.connection.status.synced);
    a.text.delete(0, 4);
    expect(a.connection.status.unsaved).toBe(1);
    await a.connection.flushed();
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('o');
  });

  it('SY5: what a document held before it was connected counts until the relay has it', async () => {
    const harness = await start();
    const doc = new Y.Doc();
    Y.applyUpdate(doc, updateOf('from the last visit'));
    const a = client(harness, { doc });
    const seen: number[] = [];
    a.connection.subscribe(({ unsaved, synced }) => synced && seen.push(unsaved));
    await a.connection.flushed();
    expect(seen[0]).toBe(1);
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('from the last visit');
  });

  it('SY7: a history of its own is told apart before anything merges', async () => {
    const harness = await start({ text: 'server text' });
    const doc = new Y.Doc();
    Y.applyUpdate(doc, updateOf('client text'));
    const onHistoryDiffers = vi.fn();
    const a = client(harness, { doc, onHistoryDiffers });
    await until(() => onHistoryDiffers.mock.calls.length > 0);
    expect(a.connection.status.connection).toBe('refused');
    expect(doc.getText('content').toString()).toBe('client text');
    expect(await storedText(harness.store, harness.ref.documentId)).toBe('server text');
  });

  it('SY7: a ticket of another epoch is not used', async () => {
    const harness = await start({ text: 'server text' });
    const onHistoryDiffers = vi.fn();
    client(harness, { epoch: 'epoch-0', onHistoryDiffers });
    await until(() => onHistoryDiffers.mock.calls.length > 0);
    expect(onHistoryDiffers.mock.calls[0]![0]).toMatchObject({ epoch: 'epoch-1' });
  });

  it('SY2: after 4401 it asks for a new ticket and goes on', async () => {
    const harness = await start();
    const getTicket = vi.fn(async () => ticketFor(harness, harness.ref));
    const a = client(harness, { getTicket });
    await until(() => a.connection.status.synced);
    harness.authorizer.verdict = { ok: false, code: 4401, reason: 'The ticket was revoked.' };
    harness.relay.invalidate(harness.ref.userId);
    await until(() => getTicket.mock.calls.length > 1);
    harness.authorizer.verdict = { ok: true };
    await until(() => a.connection.status.synced);
    a.text.insert(0, 'still here');
    await a.connection.flushed();
  });

  it('SY2: a deleted document ends it', async () => {
    const harness = await start();
    const onGone = vi.fn();
    const a = client(harness, { onGone });
    await until(() => a.connection.status.synced);
    harness.store.rows.delete(harness.ref.documentId);
    a.text.insert(0, 'too late');
    await until(() => onGone.mock.calls.length > 0);
    expect(a.connection.status).toMatchObject({ connection: 'refused', unsaved: 1 });
  });

  it('SY3: a reader sees edits, and its own are never called saved', async () => {
    const harness = await start({ text: 'Hello' });
    const writer = client(harness);
    const reader = client(harness, {}, { mode: 'read' });
    await until(() => writer.connection.status.synced && reader.connection.status.synced);
    writer.text.insert(5, '!');
    await until(() => reader.text.toString() === 'Hello!');
    reader.text.insert(0, 'X');
    await writer.connection.flushed();
    expect(reader.connection.status.unsaved).toBe(1);
    expect(writer.text.toString()).toBe('Hello!');
  });

  it('reconnects after the server went away, with everything typed meanwhile', async () => {
    const harness = await start();
    const a = client(harness);
    const b = client(harness);
    await until(() => a.connection.status.synced && b.connection.status.synced);
    for (const socket of harness.sockets) socket.destroy();
    a.text.insert(0, 'A');
    b.text.insert(0, 'B');
    await Promise.all([a.connection.flushed(), b.connection.flushed()]);
    expect(await converged([a.doc, b.doc])).toHaveLength(2);
  });

  it('flushed rejects when its signal aborts', async () => {
    const harness = await start();
    const a = client(harness, { getTicket: () => Promise.reject(new Error('offline')) });
    a.text.insert(0, 'x');
    const controller = new AbortController();
    const flushed = a.connection.flushed(controller.signal);
    controller.abort(new Error('enough'));
    await expect(flushed).rejects.toThrow('enough');
  });

  it('SY15: the cursor is back after the connection is, though nobody moved it; also where the old socket ends last', async () => {
    const harness = await start();
    const [mine, theirs] = [new Awareness(new Y.Doc()), new Awareness(new Y.Doc())].map(withoutOwnClock) as [Awareness, Awareness];
    for (const awareness of [mine, theirs]) open.push(() => awareness.destroy());
    const a = client(harness, { doc: mine.doc, awareness: mine });
    await until(() => a.connection.status.synced);
    const [first] = harness.sockets;
    const b = client(harness, { doc: theirs.doc, awareness: theirs });
    await until(() => b.connection.status.synced);
    mine.setLocalState({ cursor: 1 });
    theirs.setLocalState({ cursor: 2 });
    const seen = () => theirs.getStates().get(mine.doc.clientID)?.cursor === 1;
    const sees = () => mine.getStates().get(theirs.doc.clientID)?.cursor === 2;
    await until(() => seen() && sees());
    const lost = new Promise<void>((resolve) =>
      theirs.on('change', ({ removed }: { removed: number[] }) => removed.length > 0 && resolve()),
    );
    first!.destroy();
    await lost;
    await until(() => seen() && sees(), 120_000, 'both cursors to be back');
    const other = client(harness, { doc: mine.doc, awareness: mine });
    await until(() => other.connection.status.synced);
    const gone = new Promise<void>((resolve) =>
      theirs.on('change', ({ removed }: { removed: number[] }) => removed.length > 0 && resolve()),
    );
    a.connection.close();
    await gone;
    await until(seen, 120_000, 'the cursor to be shown by the newer socket');
  });
});
