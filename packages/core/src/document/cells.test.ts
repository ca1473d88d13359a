import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cell, cellAt, parseCells } from './cells.ts';
import { MAX_DEPTH } from './containers.ts';
import { readFrontMatter } from './front-matter.ts';
import { scanFences } from './scan-fences.ts';

const codes = (text: string) => parseCells(text).map((cell) => [cell.language, cell.code]);
const atom = fc.constantFrom(
  ...[
    '```',
    '````',
    '~~~',
    '```python',
    '~~~{r}',
    '```output:x',
    '```yaml config',
    '> ',
    '- ',
    '1. ',
    '  ',
    '    ',
    '\t',
    '---',
    '#| a: 1',
  ],
  ...['<!--', '-->', '<div>', '# h', 'x = 1', '\n', '\n', '\r\n', '\r', '\n\n', 'é😀', '`'],
);
const markdown = fc.oneof(
  fc.array(atom, { maxLength: 40 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }),
);

describe('parseCells', () => {
  it.each([
    ['```python\nx\n```\n', [['python', 'x']]],
    ['~~~~ py\nx\ny\n~~~~~', [['python', 'x\ny']]],
    ['```python3\n```', [['python', '']]],
    ['```{python}\nx\n```', [['python', 'x']]],
    ['```{python, echo=FALSE}\nx\n```', [['python', 'x']]],
    ['```{{python}}\nx\n```', []],
    ['```R\nx\n```', [['r', 'x']]],
    ['```\nx\n```', []],
    ['```output\nx\n```', []],
    ['```output:exec-1\nx\n```', []],
    ['```yaml config\nx: 1\n```', []],
    ['```yaml\nx: 1\n```', [['yaml', 'x: 1']]],
    ['````md\n```python\nx\n```\n````', [['md', '```python\nx\n```']]],
    ['~~~md\n```python\nx\n~~~\n```', [['md', '```python\nx']]],
    ['```python `x`\n```', []],
    ['text\n```python\nx\n```', [['python', 'x']]],
    ['    ```python\n    x\n    ```', []],
    ['  ```python\n  x\n y\n    z\n  ```', [['python', 'x\ny\n  z']]],
    ['```python\nx\n    ```\n```', [['python', 'x\n    ```']]],
    ['```python\r\nx\r\ny\r\n```\r\n', [['python', 'x\ny']]],
    ['```python\rx\r```\r', [['python', 'x']]],
    ['<!--\n```python\nx\n```\n-->', []],
    ['<div>\n```python\nx\n```\n\n```python\ny\n```', [['python', 'y']]],
    ['<pre>\n\n```python\nx\n```\n</pre>\n```python\ny\n```', [['python', 'y']]],
  ])('CommonMark: %j', (text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  it.each([
    ['- item\n\n  ```python\n  x\n    y\n  ```\n', 'x\n  y', '  '],
    ['- ```python\n  x\n  ```\n', 'x', '  '],
    ['10. item\n    ```python\n    x\n    ```\n', 'x', '    '],
    ['> ```python\n> x\n>\n> y\n> ```\n', 'x\n\ny', '> '],
    ['> - ```python\n>   x\n>   ```\n', 'x', '>   '],
    ['-\t```python\n\tx\n\t```\n', 'x', '    '],
    ['1. a\n   - b\n\n     ```python\n     x\n\n     y\n     ```', 'x\n\ny', '     '],
  ])('CommonMark: a fence in a list or quote, %j', (text, code, indent) => {
    expect(parseCells(text)).toMatchObject([{ code, indent, closed: true }]);
  });

  it('CommonMark: a fence that is not closed runs to the end of its list, quote or document', () => {
    expect(parseCells('- ```python\n  x\n\ntext')).toMatchObject([{ code: 'x\n', closed: false, fenceEnd: 17 }]);
    expect(parseCells('> ```python\n> x\ntext')).toMatchObject([{ code: 'x', closed: false, codeEnd: 16 }]);
    expect(parseCells('```python\nx\ntext')).toMatchObject([{ code: 'x\ntext', closed: false, codeEnd: 16, fenceEnd: 16 }]);
  });

  it('skips front matter, but takes a rule and what follows for text', () => {
    expect(codes('---\ntitle: |\n  ```python\n  no\n---\n```python\nx\n```')).toEqual([['python', 'x']]);
    expect(codes('---\n\n```python\nx\n```\n---\n')).toEqual([['python', 'x']]);
    expect(codes('---\ntext\n```python\nx\n```\n---\n')).toEqual([['python', 'x']]);
    expect(codes('\ufeff```python\nx\n```')).toEqual([['python', 'x']]);
  });

  it('reads Quarto options; comments in the code win, a strange key stays a key', () => {
    const text = '```{python, echo=false fig-cap="A b" x=\'1\'}\n#| echo: true\n#| label: "fig one"\n#| __proto__: 1\nx\n#| late: 1\n```';
    const [cell] = parseCells(text);
    expect(Object.entries(cell!.options)).toEqual([
      ['echo', 'true'],
      ['fig-cap', 'A b'],
      ['x', '1'],
      ['label', 'fig one'],
      ['__proto__', '1'],
    ]);
    expect(parseCells('```python name=a\nx\n```')[0]?.options).toEqual({ name: 'a' });
  });

  it('RU20: finds the output right below', () => {
    const text = '```python\nx\n```\n\n\n````output:r-1\n```\n````\ntext\n\n```output\nlost\n```\n';
    const [cell] = parseCells(text);
    expect(cell?.output).toEqual({ start: 18, end: 42, runId: 'r-1', text: '```' });
    expect(parseCells('```python\nx\n```\n```output\nold\n```')[0]?.output).toEqual({ start: 16, end: 33, text: 'old' });
    expect(parseCells('> ```python\n> x\n> ```\n>\n> ```output:a\n> y\n> ```\n')[0]?.output).toMatchObject({ runId: 'a', text: 'y' });
  });

  it("RU20: takes nothing for an output that is not the cell's, or that has no end", () => {
    for (const text of [
      '```python\nx\n```\ntext\n```output:a\ny\n```',
      '```python\nx\n```\n```output:a\ny\n',
      '```python\nx\n```\n\n> ```output:a\n> y\n> ```',
    ])
      expect(parseCells(text)[0]?.output, text).toBeUndefined();
  });

  it('never throws; offsets are in order, in range and apart', () => {
    fc.assert(fc.property(markdown, checkOffsets), { numRuns: 800 });
  });

  it('the code of a plain cell is the text between its offsets', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('x = 1', '', '  y', '# z', '``', '>'), { maxLength: 8 }), (lines) => {
        const text = `before\n\n\`\`\`python\n${lines.map((line) => `${line}\n`).join('')}\`\`\`\nafter`;
        const [cell] = parseCells(text);
        expect(`${cell!.code}\n`).toBe(text.slice(cell!.codeStart, cell!.codeEnd) || '\n');
      }),
    );
  });

  it('nesting deeper than the limit is text, so that every line costs the same', () => {
    const text = `${'> '.repeat(MAX_DEPTH + 1)}\`\`\`python\n`;
    expect(scanFences(text)).toEqual([]);
    expect(scanFences(text.slice(2))).toHaveLength(1);
  });
});

function checkOffsets(text: string): void {
  let end = 0;
  parseCells(text).forEach((cell, i) => {
    expect(cell.index).toBe(i);
    const marks = [end, cell.fenceStart, cell.codeStart, cell.codeEnd, cell.fenceEnd];
    if (cell.output) marks.push(cell.output.start, cell.output.end);
    marks.push(text.length);
    expect(marks).toEqual([...marks].sort((a, b) => a - b));
    expect(text.slice(cell.fenceStart)).toMatch(/^(?:```|~~~)/);
    expect(cell.language).not.toBe('');
    expect(cell.code).not.toMatch(/\r/);
    end = cell.output?.end ?? cell.fenceEnd;
  });
}

describe('cellAt', () => {
  const text = 'a\n```python\nx\n```\nb\n```r\ny\n```';
  const cells = parseCells(text);
  const at = (offset: number): Cell | undefined => cellAt(cells, offset);
  it('finds the cell around an offset, both fences included', () => {
    expect([0, 2, 11, 12, 17, 18, 19, 20, text.length].map((offset) => at(offset)?.index)).toEqual([
      undefined,
      0,
      0,
      0,
      0,
      undefined,
      undefined,
      1,
      1,
    ]);
    expect(cellAt([], 0)).toBeUndefined();
  });
});

describe('readFrontMatter', () => {
  it('reads a mapping and where it ends', () => {
    expect(readFrontMatter('---\ntitle: A\n---\ntext')).toEqual({ data: { title: 'A' }, end: 17 });
    expect(readFrontMatter('---\r\ntitle: A\r\n...\r\ntext')).toEqual({ data: { title: 'A' }, end: 20 });
    expect(readFrontMatter('---\n---')).toEqual({ data: {}, end: 7 });
    expect(readFrontMatter('text')).toEqual({ data: {}, end: 0 });
    expect(readFrontMatter('---\ntitle: A\n')).toEqual({ data: {}, end: 0 });
  });

  it('says what is wrong, and skips it all the same', () => {
    for (const yaml of ['a: [', '- list', 'a: *b', `a: ${'x'.repeat(70_000)}`]) {
      const { data, end, problem } = readFrontMatter(`---\n${yaml}\n---\n`);
      expect({ data, end }).toEqual({ data: {}, end: yaml.length + 9 });
      expect(problem).toMatch(/^The front matter is not used: /);
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (yaml) => {
        const { end } = readFrontMatter(`---\n${yaml}\n---\n`);
        expect(end).toBeLessThanOrEqual(yaml.length + 9);
      }),
    );
  });
});
