import type { RunEventBody, RunWatchItem, WatchedEvent } from '@markco/core/run/run-event';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abridge } from './abridge.ts';
import { AbridgedOutput, printed, SHOWN_CHARS } from './abridged-output.ts';

const item = (seq: number, body: RunEventBody): WatchedEvent => ({ type: 'event', event: { seq, at: seq, body } });
const stdout = (seq: number, text: string) => item(seq, { kind: 'stdout', text });
const ended = (seq: number) => item(seq, { kind: 'ended', outcome: 'completed', durationMs: 1 });
const view = (state: string) => ({ type: 'run', run: { state } }) as RunWatchItem;
const events = (items: readonly RunWatchItem[]) => items.flatMap((each) => (each.type === 'event' ? [each] : []));
const lines = (from: number, count: number) => Array.from({ length: count }, (_, i) => `line ${from + i}\n`).join('');
const countLines = (items: readonly RunWatchItem[]) =>
  events(items).reduce((sum, each) => sum + (each.skippedLines ?? 0) + printed(each).split('\n').length - 1, 0);

/** Lines of about 16 KB an event, and an end. */
async function* flood(pieces: number): AsyncGenerator<RunWatchItem> {
  yield view('running');
  for (let i = 0; i < pieces; i++) yield stdout(i + 1, lines(i * 1_500, 1_500));
  yield ended(pieces + 1);
  yield view('completed');
}

async function all(items: AsyncIterable<RunWatchItem>): Promise<RunWatchItem[]> {
  const seen: RunWatchItem[] = [];
  for await (const each of items) seen.push(each);
  return seen;
}

describe('RU17: an abridged watch', () => {
  it('sends little as it is', async () => {
    const given = [view('running'), stdout(1, 'a\n'), item(2, { kind: 'stderr', text: 'b' }), stdout(3, 'c'), ended(4), view('completed')];
    const source = async function* () {
      yield* given;
    };
    expect(await all(abridge(source()))).toEqual(given);
  });

  it('leaves out and counts what a page does not show, and ends with the end', async () => {
    const began = performance.now();
    const seen = await all(abridge(flood(2_000)));
    const shown = events(seen);
    expect(countLines(seen)).toBe(3_000_000);
    expect(shown.map((each) => printed(each)).join('')).toMatch(/line 2999998\nline 2999999\n$/);
    expect(shown.map((each) => each.event.seq)).toEqual(shown.map((each) => each.event.seq).toSorted((a, b) => a - b));
    expect(seen.slice(-2)).toEqual([ended(2_001), view('completed')]);
    // Each piece may be one event more than what is shown.
    const seconds = (performance.now() - began) / 1_000;
    const sent = shown.reduce((sum, each) => sum + printed(each).length, 0);
    expect(sent).toBeLessThan((seconds + 3) * 2 * SHOWN_CHARS);
  });

  it('says what it has when nothing more comes', async () => {
    let go = () => {};
    const source = async function* (): AsyncGenerator<RunWatchItem> {
      for (let i = 0; i < 20; i++) yield stdout(i + 1, lines(i * 1_500, 1_500));
      await new Promise<void>((resolve) => {
        go = resolve;
      });
    };
    const seen: RunWatchItem[] = [];
    for await (const each of abridge(source())) {
      seen.push(each);
      if (each.type === 'event' && each.event.seq === 20) go();
    }
    expect(countLines(seen)).toBe(30_000);
  });

  it('keeps every event that is not printed, in its place, and of streams the end of each stretch', () => {
    const piece = fc.oneof(
      fc.record({ kind: fc.constantFrom('stdout' as const, 'stderr' as const), text: fc.string({ minLength: 1, maxLength: 8 }) }),
      fc.record({ kind: fc.constant('note' as const), text: fc.constant('n') }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 9_000 }), (pieces, times) => {
        const bodies = pieces.map((each) => (each.kind === 'note' ? each : { ...each, text: `${each.text}\n`.repeat(times) }));
        const waiting = new AbridgedOutput();
        bodies.forEach((body, i) => void waiting.add(item(i + 1, body)));
        const taken = events(waiting.take());
        expect(countLines(taken)).toBe(
          bodies.reduce((sum, each) => sum + (each.kind === 'note' ? 0 : each.text.split('\n').length - 1), 0),
        );
        expect(taken.filter(({ event }) => event.body.kind === 'note')).toHaveLength(bodies.filter(({ kind }) => kind === 'note').length);
        // The end of every stretch is there.
        const ends = bodies.flatMap(({ kind }, i) => (bodies[i + 1]?.kind === kind ? [] : [i + 1]));
        const seqs = new Set(taken.map(({ event }) => event.seq));
        expect(ends.every((seq) => seqs.has(seq))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
