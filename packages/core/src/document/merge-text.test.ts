import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, diffEdits, mergeText } from './merge-text.ts';

const piece = fc.constantFrom('a', 'b', 'ab', ' ', '\n', '\r\n', 'é', 'e\u0301', '😀', '👩‍👩‍👧', '😁', 'word', 'line\n', '\t', '');
const text = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''));
const anyText = fc.oneof(text, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
const loneSurrogate = /\p{Surrogate}/u;

/** A base, and an edit of it: each step keeps a piece, drops it, or puts a new one in front. */
const step = fc.record({ keep: fc.boolean(), token: fc.boolean() });
const edited = fc.array(fc.tuple(piece, step, step), { maxLength: 25 });

function build(
  pieces: readonly (readonly [string, { keep: boolean; token: boolean }])[],
  mark: string,
): { text: string; tokens: string[] } {
  const tokens: string[] = [];
  const parts = pieces.map(([base, { keep, token }], i) => {
    const added = token ? `<${mark}${i}>` : '';
    if (added) tokens.push(added);
    return added + (keep ? base : '');
  });
  return { text: parts.join(''), tokens };
}

describe('diffEdits', () => {
  it('FB5: applying the edits of two texts to the first gives the second', () => {
    fc.assert(
      fc.property(anyText, anyText, (from, to) => {
        const edits = diffEdits(from, to);
        expect(applyEdits(from, edits)).toBe(to);
        let end = -1;
        for (const edit of edits) {
          expect(edit.at).toBeGreaterThan(end);
          end = edit.at + edit.remove;
        }
        expect(end).toBeLessThanOrEqual(from.length);
      }),
      { numRuns: 500 },
    );
  });

  it('FB5: never cuts a surrogate pair', () => {
    for (const [from, to] of [
      ['😀', '😁'],
      ['a😀b', 'a😁b'],
      ['😀😀', '😀'],
      ['\u{1F600}\u{1F601}', '\u{1F601}\u{1F600}'],
    ] as const)
      for (const { at, remove, insert } of diffEdits(from, to)) {
        expect(from.slice(at, at + remove)).not.toMatch(loneSurrogate);
        expect(insert).not.toMatch(loneSurrogate);
      }
  });

  it('FB5: is fine to the character inside a line', () => {
    expect(diffEdits('one two three\n', 'one twoo three\n')).toEqual([{ at: 7, remove: 0, insert: 'o' }]);
    expect(diffEdits('The cat sat. A dog ran.', 'The bat sat. A fog ran.')).toEqual([
      { at: 4, remove: 1, insert: 'b' },
      { at: 15, remove: 1, insert: 'f' },
    ]);
  });

  it('FB5: an inserted line is one insertion at the start of a line', () => {
    expect(diffEdits('x\nfar\n', 'x\nfoo\nfar\n')).toEqual([{ at: 2, remove: 0, insert: 'foo\n' }]);
  });

  it('the same change has the same edit whatever changed elsewhere', () => {
    expect(diffEdits('a\nb\nc\ne\n', 'a\nb\nb\nc\ne\n')).toEqual(diffEdits('a\nb\nc\ne\n', 'a\nb\nb\nc\nf\n').slice(0, 1));
    expect(diffEdits('say hi hi', 'say hi hi hi')).toEqual(diffEdits('say hi hi\n1', 'say hi hi hi\n2').slice(0, 1));
  });

  it('a text rewritten from end to end is few edits', () => {
    const lines = (word: string) => Array.from({ length: 4000 }, (_, i) => `${word} ${(i * 7919) % 4001}`).join('\n');
    const from = lines('alpha');
    const to = lines('Ω');
    expect(applyEdits(from, diffEdits(from, to))).toBe(to);
  });
});

describe('mergeText', () => {
  it('FB5: a side that changed nothing leaves the other as it is; equal sides are the result', () => {
    fc.assert(
      fc.property(anyText, anyText, (base, x) => {
        expect(mergeText(base, base, x).text).toBe(x);
        expect(mergeText(base, x, base).text).toBe(x);
        expect(mergeText(base, x, x)).toEqual({ text: x, edits: [], conflicts: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it('FB5: every token either side typed is there exactly once, and the edits lead from ours to the result', () => {
    fc.assert(
      fc.property(edited, (pieces) => {
        const base = pieces.map(([piece]) => piece).join('');
        const ours = build(
          pieces.map(([piece, mine]) => [piece, mine]),
          'O',
        );
        const theirs = build(
          pieces.map(([piece, , other]) => [piece, other]),
          'T',
        );
        const merged = mergeText(base, ours.text, theirs.text);
        expect(applyEdits(ours.text, merged.edits)).toBe(merged.text);
        for (const token of [...ours.tokens, ...theirs.tokens]) expect(merged.text.split(token)).toHaveLength(2);
      }),
      { numRuns: 400 },
    );
  });

  it('FB5: makes no lone surrogates of whole texts', () => {
    const whole = fc.string({ unit: 'grapheme', maxLength: 40 });
    const emoji = fc.array(fc.constantFrom('😀', '😁', '🐀', 'x'), { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(whole, emoji), fc.oneof(whole, emoji), fc.oneof(whole, emoji), (base, ours, theirs) => {
        const { text, edits } = mergeText(base, ours, theirs);
        expect(text).not.toMatch(loneSurrogate);
        for (const edit of edits) expect(edit.insert).not.toMatch(loneSurrogate);
      }),
      { numRuns: 1000 },
    );
  });

  it('FB5: edits of different lines merge the same from either side, without conflict', () => {
    const line = fc.constantFrom('one two', 'alpha', 'x = 1', 'été', '😀 end');
    fc.assert(
      fc.property(fc.array(fc.tuple(line, fc.constantFrom('none', 'ours', 'theirs'), line), { maxLength: 20 }), (rows) => {
        // An untouched line between, so that no two changes are neighbours.
        const write = (pick: (row: (typeof rows)[number]) => string) => rows.map((row, i) => `${pick(row)}\n--- ${i} ---\n`).join('');
        const base = write(([old]) => old);
        const ours = write(([old, who, now]) => (who === 'ours' ? now : old));
        const theirs = write(([old, who, now]) => (who === 'theirs' ? now : old));
        const expected = write(([old, who, now]) => (who === 'none' ? old : now));
        expect(mergeText(base, ours, theirs)).toMatchObject({ text: expected, conflicts: 0 });
        expect(mergeText(base, theirs, ours).text).toBe(expected);
      }),
    );
  });

  it('FB5: two people type in one paragraph', () => {
    const merged = mergeText('The quick fox jumps.', 'The very quick fox jumps.', 'The quick fox jumps high.');
    expect(merged).toEqual({ text: 'The very quick fox jumps high.', edits: [{ at: 24, remove: 0, insert: ' high' }], conflicts: 0 });
  });

  it('FB5: both insertions at one place are kept, ours first', () => {
    expect(mergeText('ab', 'aXb', 'aYb')).toMatchObject({ text: 'aXYb', conflicts: 1 });
    expect(mergeText('', 'mine\n', 'other\n').text).toBe('mine\nother\n');
  });

  it('FB5: two changes of one word stand side by side; letters that only came to it mix', () => {
    expect(mergeText('say ours now', 'say ours812 now', 'say mine now').text).toBe('say ours812mine now');
    expect(mergeText('say word now', 'say wXord now', 'say worYd now')).toMatchObject({ text: 'say wXorYd now', conflicts: 0 });
    expect(mergeText('a quick fox', 'a slow fox', 'a quick red fox')).toMatchObject({ text: 'a slow red fox' });
  });

  it('FB8: what both sides already have arrives once', () => {
    expect(mergeText('x', 'x hello world', 'x hello').text).toBe('x hello world');
    expect(mergeText('x', 'x hello', 'x hello world').text).toBe('x hello world');
  });

  it('FB5: a line that one side deletes while the other edits in it stays; the lines around it go', () => {
    const base = 'top\none\ntwo words\nthree\nend\n';
    const merged = mergeText(base, 'top\nend\n', base.replace('two words', 'two more words'));
    expect(merged).toMatchObject({ text: 'top\ntwo more words\nend\n', conflicts: 1 });
    expect(mergeText(base, base.replace('two words', 'two more words'), 'top\nend\n').text).toBe('top\ntwo more words\nend\n');
  });

  it('FB5: both deletions happen, also where they overlap', () => {
    expect(mergeText('1\n2\n3\n4\n5\n', '1\n4\n5\n', '1\n2\n5\n')).toMatchObject({ text: '1\n5\n', conflicts: 0 });
  });

  it('FB5: a megabyte with small edits on both sides merges in full', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `row ${i} with some more text in it to be a real line\n`);
    const change = (at: number[], word: string) => rows.map((row, i) => (at.includes(i) ? row.replace('some', word) : row)).join('');
    const merged = mergeText(rows.join(''), change([10, 10_000], 'OURS'), change([5000, 19_999], 'THEIRS'));
    expect(merged.conflicts).toBe(0);
    expect(merged.edits).toHaveLength(2);
    expect(merged.text.match(/OURS|THEIRS/g)).toEqual(['OURS', 'THEIRS', 'OURS', 'THEIRS']);
  });

  it('FB5: a checkout that rewrites a third of the lines keeps what the phone typed elsewhere', () => {
    const rows = Array.from({ length: 3000 }, (_, i) => `line ${i}\n`);
    const theirs = rows.map((row, i) => (i % 3 === 0 ? `rewritten ${i * 31}\n` : row)).join('');
    const ours = rows.map((row, i) => (i === 1000 ? 'line 1000 typed on the phone\n' : row)).join('');
    const { text } = mergeText(rows.join(''), ours, theirs);
    expect(text.match(/ typed on the phone/g)).toHaveLength(1);
    expect(text.match(/rewritten/g)).toHaveLength(1000);
    expect(text.split('\n')).toHaveLength(3001);
  });
});
