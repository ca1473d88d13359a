import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTree, compareDocPaths, flattenTree, isContent, resolveLink, titleOf } from './ordering.ts';

const paths = [
  'zebra.md',
  'Apple.md',
  '10-last.md',
  '02-getting-started/02-second.md',
  '02-getting-started/index.md',
  '02-getting-started/1-first.md',
  'index.md',
  'README.md',
  'banana/deep/page.qmd',
  '_drafts/x.md',
  '_hidden.md',
  '.obsidian/x.md',
  'mrmd.md',
  '_assets/readme.md',
  'data.csv',
];
const ordered = flattenTree(buildTree(paths));

describe('titleOf', () => {
  it.each([
    ['02-getting-started', 'Getting Started'],
    ['a/02-getting-started.md', 'Getting Started'],
    ['README.md', 'README'],
    ['02-getting-started/index.md', 'Getting Started'],
    ['index.md', 'Home'],
    ['2024-01-05-notes.md', '2024 01 05 Notes'],
    ['été_à paris.qmd', 'Été À Paris'],
    ['-.md', '-'],
  ])('%s is "%s"', (path, title) => {
    expect(titleOf(path)).toBe(title);
  });

  it('front matter wins, if it is a text', () => {
    expect(titleOf('a.md', ' My page ')).toBe('My page');
    expect(titleOf('a.md', '')).toBe('A');
    expect(titleOf('a.md', 42)).toBe('A');
  });
});

describe('order', () => {
  it('numbers first and by value, then letters without case; a folder page before its folder', () => {
    expect(ordered).toEqual([
      'index.md',
      '02-getting-started/index.md',
      '02-getting-started/1-first.md',
      '02-getting-started/02-second.md',
      '10-last.md',
      'Apple.md',
      'banana/deep/page.qmd',
      'README.md',
      'zebra.md',
    ]);
  });

  it('is a total order, and sorting paths gives the order of the tree', () => {
    const name = fc.constantFrom('a', 'B', 'b', '1-x', '01-x', '10-a', 'index', 'é', 'z');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => `${parts.join('/')}.md`);
    fc.assert(
      fc.property(path, path, path, (a, b, c) => {
        expect(Math.sign(compareDocPaths(a, b))).toBe(-Math.sign(compareDocPaths(b, a)) + 0);
        expect(compareDocPaths(a, b) === 0).toBe(a === b);
        if (compareDocPaths(a, b) <= 0 && compareDocPaths(b, c) <= 0) expect(compareDocPaths(a, c)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });

  it('a tree has every page once', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((name) => `${name}.md`)), (names) => {
        expect(flattenTree(buildTree(names)).sort()).toEqual([...new Set(names)].filter((name) => isContent(name)).sort());
      }),
    );
  });

  it('nav.order comes first, in its order, at every level', () => {
    const tree = buildTree(paths, { navOrder: ['zebra', 'banana/deep/', './02-getting-started/02-second.md', 'nowhere'] });
    expect(tree.map((node) => node.path)).toEqual([
      'zebra.md',
      'banana',
      '02-getting-started',
      'index.md',
      '10-last.md',
      'Apple.md',
      'README.md',
    ]);
    expect(tree[2]?.children.map((node) => node.name)).toEqual(['02-second.md', '1-first.md']);
  });

  it('folders take the title of their page', () => {
    const tree = buildTree(['guide/index.md', 'guide/a.md'], { titles: new Map([['guide/index.md', 'The Guide']]) });
    expect(tree).toEqual([
      {
        kind: 'folder',
        name: 'guide',
        title: 'The Guide',
        path: 'guide',
        indexPath: 'guide/index.md',
        children: [{ kind: 'file', name: 'a.md', title: 'A', path: 'guide/a.md', children: [] }],
      },
    ]);
  });

  it('the assets directory is no content, whatever its name', () => {
    expect(isContent('media/readme.md', 'media')).toBe(false);
    expect(isContent('media2/readme.md', 'media/')).toBe(true);
  });
});

describe('resolveLink', () => {
  it.each([
    ['Apple', 'zebra.md', { path: 'Apple.md' }],
    ['02-getting-started/1-first', 'zebra.md', { path: '02-getting-started/1-first.md' }],
    ['1-first.md', '02-getting-started/02-second.md', { path: '02-getting-started/1-first.md' }],
    ['../Apple', '02-getting-started/02-second.md', { path: 'Apple.md' }],
    ['second', 'zebra.md', { path: '02-getting-started/02-second.md' }],
    ['page#Part one|read this', 'zebra.md', { path: 'banana/deep/page.qmd', fragment: 'Part one' }],
    ['#here', 'zebra.md', { path: 'zebra.md', fragment: 'here' }],
    ['02-getting-started', 'zebra.md', { path: '02-getting-started/index.md' }],
    ['next', 'index.md', { path: '02-getting-started/index.md' }],
    ['prev', 'Apple.md', { path: '10-last.md' }],
    ['home', 'Apple.md', { path: 'index.md' }],
    ['up', '02-getting-started/02-second.md', { path: '02-getting-started/index.md' }],
    ['up', '02-getting-started/index.md', { path: 'index.md' }],
    ['up', 'banana/deep/page.qmd', { path: 'index.md' }],
  ])('[[%s]] from %s', (target, from, expected) => {
    expect(resolveLink(target, from, ordered)).toEqual(expected);
  });

  it('leads nowhere when there is no such page', () => {
    for (const target of ['nowhere', '', '../../x', 'up', 'prev']) expect(resolveLink(target, 'index.md', ordered), target).toBeNull();
    expect(resolveLink('next', 'zebra.md', ordered)).toBeNull();
  });

  it('never throws, and leads only to pages', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (target, from) => {
        const found = resolveLink(target, from, ordered);
        if (found && found.path !== from) expect(ordered).toContain(found.path);
      }),
    );
  });
});
