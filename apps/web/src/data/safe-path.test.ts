import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safePath, signInPath } from './safe-path.ts';

describe('safePath (WB10: back to where the link pointed, and nowhere else)', () => {
  it.each(['/p/notes/a.md', '/runs?state=live', '/p/x/y%20z.md#top', '/'])('keeps %s', (path) => expect(safePath(path)).toBe(path));

  it.each([
    null,
    undefined,
    '',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/.//evil.example',
    'javascript:alert(1)',
    '/sign-in?next=/x',
    '/api/auth/signout',
    `/${'a'.repeat(3_000)}`,
  ])('answers / for %j', (path) => expect(safePath(path)).toBe('/'));

  it('never leads to another origin, whatever is given', () => {
    const piece = fc.constantFrom('/', '\\', '.', '..', '//', 'evil.example', '@', ':', '%2f', '%5c', '\t', '\n', '?', '#', 'p', 'https:');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        expect(new URL(safePath(`/${pieces.join('')}`), 'https://markco.example').origin).toBe('https://markco.example');
      }),
    );
  });

  it('is what the sign-in page is given', () => {
    expect(signInPath('/p/a/b.md')).toBe('/sign-in?next=%2Fp%2Fa%2Fb.md');
    expect(signInPath('//evil.example')).toBe('/sign-in');
  });
});
