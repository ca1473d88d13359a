import { describe, expect, it } from 'vitest';
import { oldAddress } from './old-address.ts';

describe('WB10: /u/:userId/* leads to the page of now', () => {
  it.each([
    [[], '/'],
    [['projects'], '/'],
    [['runs'], '/runs'],
    [['runs', 'abc'], '/runs/abc'],
    [['devices'], '/devices'],
    [['notes', 'deep', 'a b.md'], '/p/notes/deep/a%20b.md'],
    [['p', 'notes', 'a.md'], '/p/notes/a.md'],
    [['notes'], '/p/notes'],
  ])('%j → %s', (rest, page) => expect(oldAddress(rest)).toBe(page));
});
