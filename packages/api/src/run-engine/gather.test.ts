import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Resources } from '../resources.ts';
import { gathered } from './gather.ts';

const resources = {} as Resources;
// However slow the machine is, nothing is stuck unless a test says so.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Work whose every call waits until it is let go. */
function held(together: (items: readonly string[]) => Map<string, string>) {
  const calls: { items: readonly string[]; go: () => void }[] = [];
  const wait = (items: readonly string[]) => new Promise<void>((go) => calls.push({ items, go }));
  const ask = gathered<string, string>({
    most: 3,
    async alone(_, item) {
      await wait([item]);
      if (item === 'bad') throw new Error('bad');
      return `${item} alone`;
    },
    async together(_, items) {
      await wait(items);
      return together(items);
    },
  });
  return { calls, ask: (item: string) => ask(resources, item) };
}
const all = (items: readonly string[]) => new Map(items.map((item) => [item, `${item} together`]));

describe('gathered', () => {
  it('does what comes alone at once, and what meets two under way with the next, so many at most', async () => {
    const { calls, ask } = held(all);
    const first = [ask('a')];
    await turn();
    first.push(ask('b'));
    await turn();
    const rest = ['c', 'd', 'e', 'f'].map(ask);
    await turn();
    expect(calls.map(({ items }) => items)).toEqual([['a'], ['b']]);
    calls[0]!.go();
    expect(await first[0]).toBe('a alone');
    await turn();
    expect(calls.map(({ items }) => items).slice(2)).toEqual([['c', 'd', 'e']]);
    calls[1]!.go();
    calls[2]!.go();
    await turn();
    calls[3]!.go();
    expect(await Promise.all(rest)).toEqual(['c together', 'd together', 'e together', 'f alone']);
  });

  it('does not wait for what is stuck', async () => {
    const { calls, ask } = held(all);
    const stuck = [];
    for (const item of ['a', 'b']) {
      stuck.push(ask(item));
      await turn();
    }
    const rest = ['c', 'd'].map(ask);
    await turn();
    expect(calls.length).toBe(2);
    vi.advanceTimersByTime(10_000);
    await turn();
    calls[2]!.go();
    expect(await Promise.all(rest)).toEqual(['c together', 'd together']);
    for (const { go } of calls) go();
    expect(await Promise.all(stuck)).toEqual(['a alone', 'b alone']);
  });

  it('does alone what a group left out, and a whole group that failed: one failure is nobody else’s', async () => {
    let fails = false;
    const { calls, ask } = held((items) => {
      if (fails) throw new Error('the group failed');
      return all(items.filter((item) => item !== 'left'));
    });
    const settle = async (items: string[]) => {
      const asked = Promise.allSettled(items.map(ask));
      await turn();
      for (let done = 0; done < 1 + items.length; done++) {
        calls.shift()?.go();
        await turn();
      }
      return (await asked).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)));
    };
    expect(await settle(['a', 'left', 'b'])).toEqual(['a together', 'left alone', 'b together']);
    fails = true;
    expect(await settle(['a', 'bad', 'b'])).toEqual(['a alone', 'Error: bad', 'b alone']);
  });
});
