import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedLines } from './changed-lines.ts';

const short = (now: string, version: string) => changedLines(now, version).map(({ kind, lines }) => `${kind}: ${lines.join('|')}`);

describe('changedLines', () => {
  it('WB2: shows what goes and what comes back, whole lines at their place', () => {
    expect(short('a\nb\nc\n', 'a\nB\nc\n')).toEqual(['same: a', 'gone: b', 'back: B', 'same: c']);
    expect(short('a\nc\n', 'a\nb\nc\n')).toEqual(['same: a', 'back: b', 'same: c']);
    expect(short('a\nb\nc\n', 'a\nc\n')).toEqual(['same: a', 'gone: b', 'same: c']);
    expect(short('one two three\n', 'one 2 3\n')).toEqual(['gone: one two three', 'back: one 2 3']);
    expect(short('a', 'a\nb')).toEqual(['gone: a', 'back: a|b']);
    expect(short('', 'a\n')).toEqual(['back: a']);
    expect(short('same', 'same')).toEqual(['same: same']);
  });

  it('WB2: says all of both texts, in order, whatever they are', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'long line', ''), { maxLength: 12 })
      .chain((lines) => fc.boolean().map((end) => lines.join('\n') + (end ? '\n' : '')));
    const body = (whole: string) => (whole === '' ? [] : (whole.endsWith('\n') ? whole.slice(0, -1) : whole).split('\n'));
    fc.assert(
      fc.property(text, text, (now, version) => {
        const runs = changedLines(now, version);
        const of = (...kinds: string[]) => runs.filter(({ kind }) => kinds.includes(kind)).flatMap(({ lines }) => lines);
        expect(of('same', 'gone')).toEqual(body(now));
        expect(of('same', 'back')).toEqual(body(version));
      }),
      { numRuns: 1_000 },
    );
  });
});
