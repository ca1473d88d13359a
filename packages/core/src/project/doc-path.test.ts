import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assetPathFromUrl,
  conflictPath,
  type DocPath,
  docPathFromUrl,
  docPathToUrl,
  foldKey,
  isProjectSlug,
  parseAssetPath,
  parseDocPath,
  projectSlug,
} from './doc-path.ts';
import { portabilityProblem } from './path-segment.ts';

const anyString = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string());
const hostile = fc
  .array(fc.constantFrom('..', '.', '/', '\\', '\0', 'CON', '.git', '.md', 'a', 'é', 'e\u0301', '%2F', '%', ' ', ':', '😀', '\ud83d'), {
    maxLength: 12,
  })
  .map((parts) => parts.join(''));
const doc = (input: string): DocPath => {
  const parsed = parseDocPath(input);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.path;
};

describe('parseDocPath', () => {
  it.each([
    ['notes.md', 'notes.md'],
    ['a/b/c.qmd', 'a/b/c.qmd'],
    ['notes', 'notes.md'],
    ['release-1.2', 'release-1.2.md'],
    ['v2. plan', 'v2. plan.md'],
    ['README.MD', 'README.MD'],
    ['e\u0301te\u0301.md', '\u00e9t\u00e9.md'],
    ['日本語/ノート', '日本語/ノート.md'],
    ['what?.md', 'what?.md'],
    ['.hidden.md', '.hidden.md'],
  ])('SE4: takes %j as %j', (input, path) => {
    expect(parseDocPath(input)).toEqual({ ok: true, path });
  });

  it.each([
    '',
    '.',
    '..',
    '/',
    '/a.md',
    'a/',
    'a//b.md',
    './a.md',
    '../a.md',
    'a/../b.md',
    'a/..',
    'a\\b.md',
    'C:\\a.md',
    'C:/a.md',
    'a\0.md',
    'a\n.md',
    'a\u0085.md',
    'a\u2028.md',
    'CON.md',
    'nul',
    'x/Com1.txt/a.md',
    'lpt¹.md',
    'aux .md',
    'a./b.md',
    'a /b.md',
    'a.',
    'a ',
    '.md',
    'a/.qmd',
    'script.py',
    'image.png',
    '.git/hooks.md',
    '.GIT/x.md',
    '.g\u200cit/x.md',
    'git~1/x.md',
    '.markco/state.md',
    'a\ud800.md',
    `${'a'.repeat(253)}.md`,
    `${'é'.repeat(127)}.md`,
    `${'abcdefg/'.repeat(128)}a.md`,
  ])('SE4: refuses %j and says why', (input) => {
    const parsed = parseDocPath(input);
    expect(parsed).toMatchObject({ ok: false, reason: expect.stringMatching(/^[A-Z].*\.$/) });
  });

  it('SE4: what it gives is safe, and parsing that again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(anyString, hostile), (input) => {
        for (const parsed of [parseDocPath(input), parseAssetPath(input), docPathFromUrl(input), assetPathFromUrl(input)]) {
          if (!parsed.ok) continue;
          expect(parseAssetPath(parsed.path)).toEqual(parsed);
          expect(parsed.path).toBe(parsed.path.normalize('NFC'));
          for (const segment of parsed.path.split('/')) expect(['', '.', '..']).not.toContain(segment);
          expect(parsed.path).not.toMatch(/^\/|[\\\0]/);
        }
        const document = parseDocPath(input);
        if (document.ok) expect(parseDocPath(document.path)).toEqual(document);
      }),
      { numRuns: 2000 },
    );
  });

  it('SE4: an asset keeps the ending it has', () => {
    expect(parseAssetPath('_assets/plot 1.png')).toEqual({ ok: true, path: '_assets/plot 1.png' });
    expect(parseAssetPath('Makefile')).toEqual({ ok: true, path: 'Makefile' });
    expect(parseAssetPath('.git/hooks/pre-commit').ok).toBe(false);
  });

  it('FB2: names the characters that Windows cannot hold', () => {
    expect(portabilityProblem('a/what?.md')).toContain('?');
    expect(portabilityProblem('a/b.md')).toBeNull();
  });
});

describe('the URL form of a path', () => {
  it('SY1, SE4: every path comes back from its URL', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), hostile), (input) => {
        const parsed = parseDocPath(input);
        if (!parsed.ok) return;
        const url = docPathToUrl(parsed.path);
        expect(url).toMatch(/^[\x21-\x7e]+$/);
        expect(docPathFromUrl(url)).toEqual(parsed);
      }),
      { numRuns: 1000 },
    );
  });

  it('SE4: decodes once, and refuses what decoding would smuggle in', () => {
    expect(docPathFromUrl('a%20b/%C3%A9t%C3%A9')).toEqual({ ok: true, path: 'a b/été.md' });
    expect(docPathFromUrl('100%25.md')).toEqual({ ok: true, path: '100%.md' });
    expect(docPathFromUrl('a%252Fb.md')).toEqual({ ok: true, path: 'a%2Fb.md' });
    for (const url of ['a%2Fb.md', '%2e%2e/a.md', '%2E', 'a%5Cb.md', '%00.md', '%zz.md', '%', '%C3.md', '/a.md', 'a?b.md', 'a.md#x', ''])
      expect(docPathFromUrl(url).ok, url).toBe(false);
  });
});

describe('projectSlug', () => {
  it.each([
    ['My Project', 'my-project'],
    ['  Été à Paris!  ', 'été-à-paris'],
    ['数据 分析', '数据-分析'],
    ['../..', 'project'],
    ['', 'project'],
    ['my_project', 'my_project'],
    ['CON', 'con-project'],
    ['İstanbul', 'i̇stanbul'],
  ])('SE4: %j is %j', (name, slug) => {
    expect(projectSlug(name)).toBe(slug);
  });

  it('SE4: is a slug itself, short, one URL segment and one folder name', () => {
    fc.assert(
      fc.property(anyString, (name) => {
        const slug = projectSlug(name);
        expect(isProjectSlug(slug), slug).toBe(true);
        expect(slug.length).toBeLessThanOrEqual(64 + '-project'.length);
        expect(parseAssetPath(slug)).toEqual({ ok: true, path: slug });
      }),
      { numRuns: 1000 },
    );
    expect(projectSlug('x'.repeat(200))).toHaveLength(64);
    expect(isProjectSlug('Not A Slug')).toBe(false);
  });
});

describe('conflictPath', () => {
  it('FB4: names the device and the date', () => {
    expect(conflictPath(doc('a/plan.md'), 'MacBook Pro', '2026-11-22')).toBe('a/plan (conflict, MacBook Pro, 2026-11-22).md');
    expect(conflictPath(doc('plan.qmd'), 'A/B: "c"', '2026-11-22T08:15:30.123Z')).toBe(
      'plan (conflict, A-B- -c-, 2026-11-22 08.15.30).qmd',
    );
  });

  it('FB4, SE4: is a document path whatever the device is called and however long the path', () => {
    fc.assert(
      fc.property(anyString, anyString, anyString, (name, device, date) => {
        const parsed = parseDocPath(name);
        if (!parsed.ok) return;
        const path = conflictPath(parsed.path, device, date);
        expect(parseDocPath(path)).toEqual({ ok: true, path });
        expect(path).not.toBe(parsed.path);
      }),
      { numRuns: 1000 },
    );
    for (const long of [`${'é'.repeat(120)}.md`, `${'abcdefg/'.repeat(127)}a.md`, `${'abcdefg/'.repeat(110)}${'b'.repeat(130)}.md`])
      expect(parseDocPath(conflictPath(doc(long), 'D'.repeat(300), '2026-11-22')).ok).toBe(true);
  });
});

describe('foldKey', () => {
  it('FB9: is the same for names that are one file on a case-folding or normalising file system', () => {
    expect(foldKey('Readme.md')).toBe(foldKey('README.md'));
    expect(foldKey('e\u0301.md')).toBe(foldKey('É.md'));
    expect(foldKey('ς.md')).toBe(foldKey('Σ.md'));
    expect(foldKey('a.md')).not.toBe(foldKey('b.md'));
  });
});
