import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchScreen, projectPath } from './match-screen.ts';

describe('matchScreen', () => {
  it.each([
    ['/', { name: 'projects' }],
    ['/runs', { name: 'runs' }],
    ['/runs/1', { name: 'run', runId: '1' }],
    ['/devices', { name: 'devices' }],
    ['/settings', { name: 'settings' }],
    ['/p/notes', { name: 'project', slug: 'notes', docPath: null }],
    ['/p/notes/a/b.md', { name: 'project', slug: 'notes', docPath: 'a/b.md' }],
  ])('%s', (path, screen) => expect(matchScreen(path)).toEqual(screen));

  it.each(['/nothing', '/p', '/devices/1', '/runs/1/2', '/p/%E0%A4%A'])('knows no screen for %s', (path) =>
    expect(matchScreen(path)).toBeNull(),
  );

  it('finds the document again that an address was made for', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(name, fc.array(name, { minLength: 1, maxLength: 4 }), (slug, parts) => {
        expect(matchScreen(projectPath(slug, parts.join('/')))).toEqual({ name: 'project', slug, docPath: parts.join('/') });
      }),
    );
  });
});
