import { CLOSE } from '@markco/core/sync/close-code';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { writeStep1, writeStep2 } from '../wire/write-frame.ts';
import { connectDocument } from './connect-document.ts';
import type { DocumentConnection, Ticket } from './document-connection.ts';
import { TicketRefused } from './ticket-refused.ts';

const EMPTY = Y.encodeStateAsUpdate(new Y.Doc());

/** A socket that the test opens, closes and leaves hanging. */
class Socket {
  static made: Socket[] = [];
  readyState = 0;
  readonly sent: Uint8Array[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor() {
    Socket.made.push(this);
  }
  send(frame: Uint8Array): void {
    this.sent.push(frame);
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
    this.say(writeStep1(Y.encodeStateVector(new Y.Doc())));
    this.say(writeStep2(EMPTY));
  }
  say(frame: Uint8Array): void {
    this.onmessage?.({ data: frame.slice().buffer });
  }
  end(code: number, reason = ''): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

const ticket = (): Ticket => ({
  url: 'ws://relay/sync/u/p/d.md',
  token: 't',
  documentId: 'd',
  epoch: 'e',
  expiresAt: new Date(Date.now() + 300_000),
});
const last = () => Socket.made.at(-1)!;
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('connectDocument, refused or cut', () => {
  let connection: DocumentConnection;
  const getTicket = vi.fn<() => Promise<Ticket>>();
  const onGone = vi.fn();
  const onHistoryDiffers = vi.fn();
  beforeEach(async () => {
    vi.useFakeTimers();
    Socket.made = [];
    for (const mock of [getTicket, onGone, onHistoryDiffers]) mock.mockReset();
    getTicket.mockImplementation(async () => ticket());
  });
  afterEach(() => {
    connection.close();
    vi.useRealTimers();
  });
  const doc = () => new Y.Doc();
  const connect = async (open = true) => {
    connection = connectDocument({ doc: doc(), epoch: null, getTicket, onHistoryDiffers, onGone, WebSocket: Socket as never });
    await settle();
    if (open) last().open();
  };

  it.each([
    [CLOSE.forbidden, 'You may not edit this document any more.'],
    [CLOSE.tooLarge, 'The document is too large.'],
    [CLOSE.badFrame, 'The server could not read an edit. Reload the page.'],
    [CLOSE.gone, 'The document was deleted.'],
  ])('SY2: after %i nothing is tried again, not on wake either, and the person is told', async (code, words) => {
    await connect();
    last().end(code);
    expect(connection.status).toMatchObject({ connection: 'refused', problem: words });
    connection.reconnect();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(Socket.made).toHaveLength(1);
    expect(getTicket).toHaveBeenCalledTimes(1);
    expect(onGone).toHaveBeenCalledTimes(code === CLOSE.gone ? 1 : 0);
  });

  it("SY2: the server's own words are the ones shown", async () => {
    await connect();
    last().end(CLOSE.tooLarge, 'Documents may have up to 20 characters.');
    expect(connection.status.problem).toBe('Documents may have up to 20 characters.');
  });

  it('SY2: after 1013 it comes back after the pause, after 1001 with the ticket it has', async () => {
    await connect();
    last().end(CLOSE.tryLater, 'The server cannot save right now.');
    expect(connection.status.connection).toBe('offline');
    await vi.advanceTimersByTimeAsync(1_999);
    expect(Socket.made).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_100);
    expect(Socket.made).toHaveLength(2);
    last().open();
    last().end(CLOSE.goingAway);
    await vi.advanceTimersByTimeAsync(3_100);
    expect(Socket.made).toHaveLength(3);
    expect(getTicket).toHaveBeenCalledTimes(1);
  });

  it('a document that the API says is gone is gone; one it refuses is refused', async () => {
    getTicket.mockRejectedValue(new TicketRefused('gone', 'The document was deleted.'));
    await connect(false);
    expect(connection.status).toMatchObject({ connection: 'refused', problem: 'The document was deleted.' });
    expect(onGone).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(getTicket).toHaveBeenCalledTimes(1);
  });

  it('who is signed out is told, and is asked for again on wake', async () => {
    await connect();
    getTicket.mockRejectedValueOnce(new TicketRefused('signed_out', 'Sign in again.'));
    last().end(CLOSE.unauthenticated);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.status).toMatchObject({ connection: 'refused', problem: 'Sign in again.' });
    expect(getTicket).toHaveBeenCalledTimes(2);
    connection.reconnect();
    await settle();
    last().open();
    expect(connection.status).toMatchObject({ connection: 'connected', synced: true });
    expect(connection.status.problem).toBeUndefined();
  });

  it('waking keeps a socket that answers, and replaces one that does not within 11 s', async () => {
    await connect();
    connection.reconnect();
    last().say(writeStep2(EMPTY));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(Socket.made).toHaveLength(1);
    connection.reconnect();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(connection.status.connection).not.toBe('connected');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(Socket.made).toHaveLength(2);
  });

  it('SY5: a half-open socket is noticed within 32 s and replaced', async () => {
    await connect();
    await vi.advanceTimersByTimeAsync(32_500);
    expect(Socket.made.length).toBeGreaterThan(1);
  });

  it('SY3: an open socket outlives its ticket, and the next ticket is there before', async () => {
    await connect();
    const answering = setInterval(() => last().say(writeStep2(EMPTY)), 5_000);
    await vi.advanceTimersByTimeAsync(1_200_000);
    clearInterval(answering);
    expect(Socket.made).toHaveLength(1);
    expect(connection.status.synced).toBe(true);
    expect(getTicket.mock.calls.length).toBeGreaterThanOrEqual(5);
    expect(getTicket.mock.calls.length).toBeLessThanOrEqual(7);
  });

  it('SY7: a fresh ticket of another history ends the connection before anything merges', async () => {
    await connect();
    const answering = setInterval(() => last().say(writeStep2(EMPTY)), 5_000);
    getTicket.mockImplementation(async () => ({ ...ticket(), epoch: 'e2' }));
    await vi.advanceTimersByTimeAsync(300_000);
    clearInterval(answering);
    expect(onHistoryDiffers).toHaveBeenCalledTimes(1);
    expect(onHistoryDiffers.mock.calls[0]![0]).toMatchObject({ epoch: 'e2' });
    expect(last().readyState).toBe(3);
  });
});
