import { afterEach, describe, expect, it, vi } from 'vitest';
import { GroupLookup } from './group-lookup.ts';

describe('GroupLookup', () => {
  afterEach(() => void vi.useRealTimers());
  function open(atOnce = 10, answerWithinMs?: number) {
    const questions: { keys: readonly string[]; answer: (values: Record<string, number>) => void; fail: (error: Error) => void }[] = [];
    const lookup = new GroupLookup<number>(
      (keys) =>
        new Promise((resolve, reject) => {
          questions.push({ keys, answer: (values) => resolve(new Map(Object.entries(values))), fail: reject });
        }),
      atOnce,
      answerWithinMs,
    );
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    return { lookup, questions, turn };
  }

  it('SY16: asks once for all of a turn, and once for all that came meanwhile', async () => {
    const { lookup, questions, turn } = open();
    const first = ['a', 'b', 'a', 'none'].map((key) => lookup.get(key));
    await turn();
    const second = lookup.get('a');
    questions[0]!.answer({ a: 1, b: 2 });
    expect(await Promise.all(first)).toEqual([1, 2, 1, null]);
    await turn();
    questions[1]!.answer({ a: 7 });
    expect(await second).toBe(7);
    expect(questions.map(({ keys }) => keys)).toEqual([['a', 'b', 'none'], ['a']]);
  });

  it('keeps to the size of a question, and a failed one fails its own group only', async () => {
    const { lookup, questions, turn } = open(2);
    const asked = ['a', 'b', 'c'].map((key) => lookup.get(key));
    const outcomes = Promise.allSettled(asked);
    await turn();
    questions[0]!.fail(new Error('away'));
    await expect(asked[1]).rejects.toThrow('away');
    await turn();
    questions[1]!.answer({ c: 3 });
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  it('SY6: a question that hangs fails its group in time, and the next one is asked', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { lookup, questions, turn } = open(10, 20);
    const hangs = expect(lookup.get('a')).rejects.toThrow('20 ms');
    await turn();
    vi.advanceTimersByTime(20);
    await hangs;
    const next = lookup.get('a');
    await turn();
    questions[1]!.answer({ a: 1 });
    expect(await next).toBe(1);
  });
});
