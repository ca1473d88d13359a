import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCells } from './cells.ts';
import {
  collapseCarriageReturns,
  formatOutputBlock,
  removeOutput,
  spliceOutput,
  stripAnsi,
  type TextSplice,
  truncateOutput,
} from './output-block.ts';
import { utf8Length } from './utf8.ts';

const apply = (text: string, splice: TextSplice | null) =>
  splice ? text.slice(0, splice.from) + splice.insert + text.slice(splice.to) : text;

/** Writes an output under the first cell, as the committer does. */
function commit(text: string, runId: string, body: string): string {
  const [cell] = parseCells(text);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  return apply(text, spliceOutput(text, cell!, formatOutputBlock(runId, body, { indent: cell!.indent, eol })));
}

const cellTexts = [
  '```python\nx\n```\n',
  '```python\nx\n```',
  'a\n\n```python\nx\n```\ntext right below\n',
  '```python\nx\n```\n\ntext\n',
  '```python\r\nx\r\n```\r\n\r\ntext\r\n',
  '- item\n\n  ```python\n  x\n  ```\n- next\n',
  '- ```python\n  x\n  ```\n\ntext',
  '> ```python\n> x\n> ```\n> more\n',
  '> 1. ```python\n>    x\n>    ```\n',
  '```python\nx\n```\n```output:exec-1\nold\n```\ntext',
  '```python\nx\n```\n\n\n````output\nold\n````',
  '```python\nx\n```\n```python\ny\n```\n',
];

describe('formatOutputBlock', () => {
  it('RU21: the fence is longer than any run of backticks inside', () => {
    expect(formatOutputBlock('r1', 'hi\n')).toBe('```output:r1\nhi\n```\n');
    expect(formatOutputBlock('r1', '')).toBe('```output:r1\n```\n');
    expect(formatOutputBlock('r1', 'a ```` b')).toBe('`````output:r1\na ```` b\n`````\n');
    expect(formatOutputBlock('r1', 'a\r\nb\rc', { indent: '> ', eol: '\r\n' })).toBe('> ```output:r1\r\n> a\r\n> b\r\n> c\r\n> ```\r\n');
  });

  it('keeps out what a database or Yjs cannot hold, and what would end the info string', () => {
    expect(formatOutputBlock('a b`\n```', 'x\0y\ud800z')).toBe('```output:ab\nx\ufffdy\ufffdz\n```\n');
  });
});

describe('spliceOutput', () => {
  it.each(cellTexts)("RU20: the output is the cell's, in its place, and writing it again changes nothing: %j", (text) => {
    const bodies = fc.array(fc.constantFrom('a', '', '```', '~~~', '  b', '> c', '- d', '`````', '<!--', '😀'), { maxLength: 6 });
    fc.assert(
      fc.property(bodies, (lines) => {
        const body = lines.join('\n');
        const written = commit(text, 'run-1', body);
        const before = parseCells(text);
        const after = parseCells(written);
        expect(after.map((cell) => cell.code)).toEqual(before.map((cell) => cell.code));
        expect(after[0]?.output).toMatchObject({ runId: 'run-1', text: body.replace(/\n$/, '') });
        expect(commit(written, 'run-1', body)).toBe(written);
        expect(commit(commit(text, 'run-0', 'other'), 'run-1', body)).toBe(written);
        expect(written).not.toMatch(/old/);
      }),
    );
  });

  it('RU20: one blank line between cell and block, and none more than needed around', () => {
    expect(commit('```python\nx\n```', 'r', 'hi')).toBe('```python\nx\n```\n\n```output:r\nhi\n```\n');
    expect(commit('```python\nx\n```\n\ntext', 'r', 'hi')).toBe('```python\nx\n```\n\n```output:r\nhi\n```\n\ntext');
    expect(commit('```python\nx\n```\ntext', 'r', 'hi')).toBe('```python\nx\n```\n\n```output:r\nhi\n```\n\ntext');
    expect(commit('> ```python\n> x\n> ```\n> more', 'r', 'hi')).toBe('> ```python\n> x\n> ```\n>\n> ```output:r\n> hi\n> ```\n>\n> more');
  });

  it('RU20: a cell that is not closed gets no output: it would become code', () => {
    const text = '```python\nx\n';
    expect(spliceOutput(text, parseCells(text)[0]!, formatOutputBlock('r', 'hi'))).toBeNull();
  });
});

describe('removeOutput', () => {
  it('takes away what spliceOutput put there', () => {
    for (const text of ['```python\nx\n```\n', '```python\nx\n```\n\ntext\n', '- ```python\n  x\n  ```\n\ntext']) {
      const written = commit(text, 'r', 'hi');
      expect(apply(written, removeOutput(written, parseCells(written)[0]!))).toBe(text);
    }
    expect(removeOutput('', parseCells('```python\n```')[0]!)).toBeNull();
  });
});

describe('truncateOutput', () => {
  it('RU21: 500 lines: head and tail, and how many are hidden', () => {
    const text = `${Array.from({ length: 12_929 }, (_, i) => `line ${i}`).join('\n')}\n`;
    const lines = truncateOutput(text).split('\n');
    expect(lines[249]).toBe('… 12,431 lines hidden · open full log …');
    expect([lines[0], lines[248], lines[250], lines.at(-2)]).toEqual(['line 0', 'line 248', 'line 12680', 'line 12928']);
  });

  it('RU21: a giant line is cut inside, between characters', () => {
    const cut = truncateOutput('😀'.repeat(100_000));
    expect(utf8Length(cut)).toBeLessThanOrEqual(65_536);
    expect(cut).toMatch(/^(?:😀)+\n… [\d,]+ characters hidden · open full log …\n(?:😀)+$/u);
  });

  it('RU21: fits within its limits, and is left alone when it does', () => {
    const line = fc.oneof(fc.string({ maxLength: 30 }), fc.string({ unit: 'grapheme', maxLength: 300 }));
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 60 }),
        fc.integer({ min: 100, max: 2000 }),
        fc.integer({ min: 3, max: 40 }),
        (lines, maxBytes, maxLines) => {
          const text = lines.map((content) => content.replace(/\n/g, '')).join('\n');
          const cut = truncateOutput(text, { maxBytes, maxLines });
          expect(utf8Length(cut)).toBeLessThanOrEqual(maxBytes);
          expect(cut.replace(/\n$/, '').split('\n').length).toBeLessThanOrEqual(maxLines);
          if (!cut.includes('hidden')) expect(cut).toBe(text);
          expect(truncateOutput(cut, { maxBytes, maxLines })).toBe(cut);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('collapseCarriageReturns', () => {
  it.each([
    ['10%\r50%\r100%\n', '100%\n'],
    ['abc\rX', 'Xbc'],
    ['a\r\nb\r\n', 'a\nb\n'],
    ['a\r\r\nb', 'a\nb'],
    ['abc\b\bX', 'aXc'],
    ['\b\ba', 'a'],
    ['long text\r\u001b[Kshort', 'short'],
    ['\u001b[31mred\u001b[0m\rX', '\u001b[0mXed'],
    ['plain\nlines\n', 'plain\nlines\n'],
    ['😀😀\r😁', '😁😀'],
    ['a: 1%\n\rb: 1%\u001b[A\ra: 9%\n\rb: 9%\u001b[A\n\n', 'a: 9%\nb: 9%\n'],
    ['one\ntwo\nthree\u001b[2A\u001b[2K\rONE', 'ONE\ntwo\nthree'],
    ['one\ntwo\u001b[F\u001b[Jnew', 'new'],
    ['ab\u001b[999999999Cc\u001b[2Dd\u001b[1GX', 'Xdc'],
    ['top\u001b[9A\u001b[9Bx', 'topx'],
  ])('RU18: %j shows as %j', (text, shown) => {
    expect(collapseCarriageReturns(text)).toBe(shown);
  });

  it('RU18: never throws, leaves neither \\r nor \\b, and keeps the number of lines', () => {
    const part = fc.constantFrom('a', 'bc', '\r', '\n', '\r\n', '\b', '\u001b[K', '\u001b[2K', '\u001b[1K', '\u001b[31m', '😀', '\u001b');
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('')),
        (text) => {
          const shown = collapseCarriageReturns(text);
          expect(shown).not.toMatch(/[\r\b]/);
          expect(shown.split('\n')).toHaveLength(text.split('\n').length);
          expect(collapseCarriageReturns(shown)).toBe(shown);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('several progress bars at once', () => {
  it('RU18: whatever moves there are, no more text comes out than went in, and none above the last 200 lines changes', () => {
    const part = fc.constantFrom(
      'ab',
      'c',
      '\r',
      '\n',
      '\b',
      '\u001b[A',
      '\u001b[3A',
      '\u001b[B',
      '\u001b[9C',
      '\u001b[2D',
      '\u001b[G',
      '\u001b[J',
      '\u001b[K',
      '\u001b[E',
      '\u001b[F',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60, size: 'max' }), (parts) => {
        const text = `\u001b[A${parts.join('')}`;
        const shown = collapseCarriageReturns(text);
        expect(shown).not.toMatch(/[\r\b\u001b]/);
        expect(shown.length).toBeLessThanOrEqual(text.length);
        expect(collapseCarriageReturns(shown)).toBe(shown);
        const far = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('');
        expect(collapseCarriageReturns(far + text).startsWith(far.slice(0, 4000))).toBe(true);
      }),
    );
  });
});

describe('stripAnsi', () => {
  it('takes out colours, moves, titles and links, and no text', () => {
    expect(
      stripAnsi('\u001b[1;31mred\u001b[0m \u001b]0;title\u0007a\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\ \u001b(Bb\u001bMc'),
    ).toBe('red alink bc');
    expect(stripAnsi('open \u001b]0;title\nnext line')).toBe('open \nnext line');
  });
});
