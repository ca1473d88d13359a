import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ticket } from './document-connection.ts';
import { TicketKeeper } from './ticket-keeper.ts';

const TIMES = { ticketMarginMs: 30_000, ticketAheadMs: 45_000 };
let made = 0;
const ticket = (lifeMs = 300_000): Ticket => ({
  url: 'ws://relay/sync',
  token: String(++made),
  documentId: 'd',
  epoch: 'e',
  expiresAt: new Date(Date.now() + lifeMs),
});

describe('TicketKeeper (SY3)', () => {
  beforeEach(() => {
    made = 0;
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  it('SY3: one ticket serves every reconnect until it is nearly over', async () => {
    const fetch = vi.fn(async () => ticket());
    const keeper = new TicketKeeper(fetch, TIMES);
    expect((await keeper.get()).token).toBe('1');
    vi.advanceTimersByTime(269_000);
    expect((await keeper.get()).token).toBe('1');
    vi.advanceTimersByTime(2_000);
    expect((await keeper.get()).token).toBe('2');
  });

  it('SY3: while connected the next ticket is there before the last one ends, each page at a time of its own', async () => {
    for (const random of [0, 0.5, 0.999]) {
      const fetch = vi.fn(async () => ticket());
      const keeper = new TicketKeeper(fetch, TIMES, () => random);
      await keeper.get();
      keeper.keepFresh(() => undefined);
      const due = 300_000 - 45_000 * (1 + random);
      await vi.advanceTimersByTimeAsync(due - 1);
      expect(fetch).toHaveBeenCalledTimes(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(fetch).toHaveBeenCalledTimes(2);
      await vi.advanceTimersByTimeAsync(due);
      expect(fetch).toHaveBeenCalledTimes(3);
      keeper.rest();
    }
  });

  it('asks at most twice a minute where the clocks disagree, and not at all without a connection', async () => {
    const fetch = vi.fn(async () => ticket(-3_600_000));
    const keeper = new TicketKeeper(fetch, TIMES);
    await keeper.get();
    keeper.keepFresh(() => undefined);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(fetch.mock.calls.length).toBeLessThanOrEqual(21);
    keeper.rest();
    const before = fetch.mock.calls.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(fetch.mock.calls.length).toBe(before);
  });

  it('SY3: the API being away costs nothing while connected', async () => {
    const fetch = vi.fn<() => Promise<Ticket>>(async () => ticket());
    const keeper = new TicketKeeper(fetch, TIMES);
    await keeper.get();
    fetch.mockRejectedValueOnce(new Error('away'));
    const onFresh = vi.fn();
    keeper.keepFresh(onFresh);
    await vi.advanceTimersByTimeAsync(300_000);
    expect(onFresh).not.toHaveBeenCalled();
    expect((await keeper.get()).token).toBe('2');
  });
});
