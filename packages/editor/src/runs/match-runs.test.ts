import { describe, expect, it } from 'vitest';
import { readStructure } from '../cells/structure.ts';
import { type Matchable, matchRuns } from './match-runs.ts';

const { cells } = readStructure('```python\na\n```\n\n```output:out-1\n1\n```\n\n```python\nb\n```\n\n```python\nb\n```\n');
const run = (change: Partial<Matchable>): Matchable => ({
  id: 'r',
  code: '?',
  language: 'python',
  cellIndex: null,
  state: 'completed',
  ...change,
});
const placeOf = (matchable: Matchable, anchors: [string, number][] = []) => {
  const found = matchRuns(cells, [matchable], new Map(anchors));
  return cells.findIndex((cell) => found.has(cell.key));
};

describe('matching runs to cells', () => {
  it('RU20: the anchor goes before all else', () => expect(placeOf(run({ id: 'r', cellIndex: 0 }), [['r', cells[2]!.codeEnd]])).toBe(2));
  it('the output block names its run', () => expect(placeOf(run({ id: 'out-1', code: 'changed since' }))).toBe(0));
  it('place and code together', () => expect(placeOf(run({ code: 'b', cellIndex: 2 }))).toBe(2));
  it('code alone where it is the only such cell', () => {
    expect(placeOf(run({ code: 'a', cellIndex: 7 }))).toBe(0);
    expect(placeOf(run({ code: 'b', cellIndex: 7 }))).toBe(-1);
  });
  it('RU3: a running run whose cell was edited stays at its place', () => expect(placeOf(run({ cellIndex: 1, state: 'running' }))).toBe(1));
  it('an old run of other code belongs nowhere', () => expect(placeOf(run({ cellIndex: 1 }))).toBe(-1));
});
