import { ChangeSet, Text } from '@codemirror/state';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changesStructure, mapStructure, sameStructure } from './map-structure.ts';
import { readStructure, type Structure } from './structure.ts';

const plain = ({ cells, ...rest }: Structure) => ({
  ...rest,
  cells: cells.map(({ fenceStart, codeStart, codeEnd, fenceEnd, output }) => ({
    fenceStart,
    codeStart,
    codeEnd,
    fenceEnd,
    output: output && [output.start, output.end],
  })),
});

describe('document structure', () => {
  it('finds headings, tables and formulas, but not inside code', () => {
    const text =
      '# One\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$$\nx\n$$\n\n```\n# no\n| a |\n|---|\n```\n\n```python\n# no\n```\n\n## Two ##\n';
    const { headings, blocks } = readStructure(text);
    expect(headings.map((heading) => [heading.level, heading.text])).toEqual([
      [1, 'One'],
      [2, 'Two'],
    ]);
    expect(blocks.map((block) => [block.kind, text.slice(block.from, block.to)])).toEqual([
      ['table', '| a | b |\n|---|---|\n| 1 | 2 |'],
      ['math', '$$\nx\n$$'],
    ]);
  });

  it('cells keep their key when the text above them grows', () => {
    const before = readStructure('```python\na\n```\n');
    const changes = ChangeSet.of({ from: 0, insert: 'Hello\n\n' }, 16);
    const after = readStructure('Hello\n\n```python\na\n```\n', mapStructure(before, changes));
    expect(after.cells[0]!.key).toBe(before.cells[0]!.key);
  });

  it('typing prose or code maps; touching a fence, a table or an output reads again', () => {
    const text = 'Prose\n\n```python\nab\n```\n\n```output:x\n1\n```\n\n| a |\n|---|\n| 1 |\n';
    const doc = Text.of(text.split('\n'));
    const structure = readStructure(text);
    const reads = (from: number, insert: string): boolean => {
      const changes = ChangeSet.of({ from, insert }, text.length);
      return changesStructure(changes, doc, changes.apply(doc), structure);
    };
    expect(reads(2, 'x')).toBe(false);
    expect(reads(text.indexOf('ab') + 1, 'x')).toBe(false);
    expect(reads(2, '\n```python\n')).toBe(true);
    expect(reads(text.indexOf('```python') + 4, 'x')).toBe(true);
    expect(reads(text.indexOf('output:x') + 10, 'x')).toBe(true);
    expect(reads(text.indexOf('| 1') + 2, 'x')).toBe(true);
  });

  it('mapping plain typing gives what reading gives', () => {
    const text = 'Prose here\n\n```python\nab\ncd\n```\n\n```output:x\n1\n```\n\nMore prose\n\n```python\nef\n```\n';
    const doc = Text.of(text.split('\n'));
    const structure = readStructure(text);
    const spots = [3, text.indexOf('ab') + 1, text.indexOf('cd') + 2, text.indexOf('More') + 2, text.indexOf('ef') + 2];
    fc.assert(
      fc.property(fc.constantFrom(...spots), fc.constantFrom('x', 'two words', 'é', '  '), (from, insert) => {
        const changes = ChangeSet.of({ from, insert }, text.length);
        fc.pre(!changesStructure(changes, doc, changes.apply(doc), structure));
        expect(plain(mapStructure(structure, changes))).toEqual(plain(readStructure(changes.apply(doc).toString())));
      }),
    );
  });

  it('WB9: maps what stands around any edit as CodeMirror does, and leaves what stands above it as it is', () => {
    const text = '# One\n\n```python\nab\n```\n\n```output:x\n1\n```\n\n## Two\n\n| a |\n|---|\n| 1 |\n\n```python\nef\n```\n';
    const structure = readStructure(text);
    const edit = fc.record({ at: fc.nat(text.length), cut: fc.nat(6), insert: fc.constantFrom('', 'x', 'two words', '\n') });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let end = -1;
        const spec = edits
          .sort((a, b) => a.at - b.at)
          .flatMap(({ at, cut, insert }) => {
            if (at <= end) return [];
            end = Math.min(text.length, at + cut);
            return [{ from: at, to: end, insert }];
          });
        const changes = ChangeSet.of(spec, text.length);
        const mapped = mapStructure(structure, changes);
        const at = (offset: number, side: -1 | 1 = 1) => changes.mapPos(offset, side);
        expect(mapped.headings.map(({ from }) => from)).toEqual(structure.headings.map(({ from }) => at(from)));
        expect(mapped.blocks.map(({ from, to }) => [from, to])).toEqual(structure.blocks.map(({ from, to }) => [at(from), at(to, -1)]));
        expect(plain(mapped).cells).toEqual(
          structure.cells.map((cell) => ({
            fenceStart: at(cell.fenceStart),
            codeStart: at(cell.codeStart, -1),
            codeEnd: at(cell.codeEnd),
            fenceEnd: at(cell.fenceEnd, -1),
            output: cell.output && [at(cell.output.start), at(cell.output.end, -1)],
          })),
        );
        structure.cells.forEach((cell, i) => {
          if ((cell.output?.end ?? cell.fenceEnd) < spec[0]!.from) expect(mapped.cells[i]).toBe(cell);
        });
      }),
    );
  });

  it('WB9: two readings are the same unless something of them differs', () => {
    const text = '# One\n\n```python echo=false\nab\n```\n\n```output:x\n1\n```\n\n| a |\n|---|\n';
    const read = readStructure(text);
    const again = (other: string) => sameStructure(read, readStructure(other, read));
    expect(again(text)).toBe(true);
    for (const [before, after] of [
      ['One', 'Two'],
      ['ab', 'ac'],
      ['echo=false', 'echo=trueX'],
      ['1\n', '2\n'],
      ['| a |\n', '| a |b\n'],
      ['# One\n', '# One\n\n'],
    ] as const)
      expect(again(text.replace(before, after))).toBe(false);
  });
});
