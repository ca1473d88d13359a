import type { RunEvent } from '@markco/core/run/run-event';
import { describe, expect, it } from 'vitest';
import { RunInbox, RunNews } from './run-news.ts';
import type { RunRow } from './run-row.ts';

const row = (lastSeq: number, state = 'running') => ({ lastSeq, state }) as RunRow;
const events = (...seqs: number[]): RunEvent[] => seqs.map((seq) => ({ seq, at: 0, body: { kind: 'stdout', text: `${seq}` } }));
const seqsOf = (news: RunNews | 'look' | null) => (news instanceof RunNews ? news.events.map((event) => event.seq) : news);

describe('run-news', () => {
  it('RU17: gives out what follows on from what was shown, once, and without what was shown already', () => {
    const inbox = new RunInbox();
    expect(inbox.next(row(0), 0)).toBeNull();
    const first = new RunNews(row(2), events(1, 2));
    inbox.hear(first);
    inbox.hear(first);
    inbox.hear(new RunNews(row(4), events(3, 4)));
    expect(seqsOf(inbox.next(row(1), 1))).toEqual([2]);
    expect(seqsOf(inbox.next(row(2), 2))).toEqual([3, 4]);
    expect(inbox.next(row(4), 4)).toBeNull();
    inbox.hear(new RunNews(row(4), []));
    expect(seqsOf(inbox.next(row(4), 4))).toEqual([]);
  });

  it.each([
    ['a gap', 2, new RunNews(row(4), events(4))],
    ['events that are not among it', 2, new RunNews(row(4), [])],
    ['a row that is older than the one that is known', 5, new RunNews(row(4), events(3, 4))],
    ['a change of another process', 2, undefined],
  ])('RU17: %s sends the watcher to the rows', (_, known, hint) => {
    const inbox = new RunInbox();
    inbox.hear(hint);
    expect(inbox.next(row(known), known)).toBe('look');
  });

  it('RU17: what was heard before a look is part of it; what comes during one counts only where it has more events', async () => {
    const inbox = new RunInbox();
    inbox.hear(undefined);
    inbox.hear(new RunNews(row(1), events(1)));
    await inbox.look(async () => {
      inbox.hear(new RunNews(row(2), events(2)));
      inbox.hear(new RunNews(row(3), events(3)));
    });
    expect(seqsOf(inbox.next(row(1), 1))).toEqual([2]);
    expect(inbox.next(row(3), 3)).toBe('look');
  });

  it.each([
    ['offered', 'running', []],
    ['running', 'completed', []],
    ['running', 'running', 'look'],
    ['running', 'offered', 'look'],
    ['queued', 'offered', 'look'],
  ])('RU17: of a look that found it %s and a change to %s meanwhile, what is certainly newer is shown', async (found, state, expected) => {
    const inbox = new RunInbox();
    await inbox.look(async () => inbox.hear(new RunNews(row(0, state), [])));
    expect(seqsOf(inbox.next(row(0, found), 0))).toEqual(expected);
  });

  it('RU18: a watcher that is far behind reads rows and keeps nothing', async () => {
    const inbox = new RunInbox();
    for (let seq = 1; seq <= 100; seq++) inbox.hear(new RunNews(row(seq), events(seq)));
    expect(inbox.next(row(0), 0)).toBe('look');
    await inbox.look(async () => undefined);
    expect(inbox.next(row(100), 100)).toBeNull();
  });
});
