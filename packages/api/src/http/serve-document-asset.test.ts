import { createHash } from 'node:crypto';
import { runEventBody } from '@markco/core/run/run-event';
import { describe, expect, it } from 'vitest';
import { resolveBeside } from './serve-document-asset.ts';

describe('RU21: links to images in documents', () => {
  it.each([
    ['lab/notebook.md', '../_assets/a.png', '_assets/a.png'],
    ['notebook.md', '_assets/a.png', '_assets/a.png'],
    ['a/b/c.md', './x/../y.png', 'a/b/y.png'],
    ['a/b.md', '/top.png', 'top.png'],
    ['notebook.md', '../outside.png', null],
    ['a/b.md', '../../etc/passwd', null],
    ['a/b.md', '.git/config', null],
    ['a/b.md', '', null],
  ])('SE4: in %s, %s is %s of the project', (docPath, link, path) => expect(resolveBeside(docPath, link)).toBe(path));

  it('finds the path where asset events keep it', () => {
    const assetId = createHash('sha256').update('x').digest('hex');
    const event = { kind: 'asset', assetId, mimeType: 'image/png', size: 1, path: '_assets/a.png' };
    expect(runEventBody.parse(event)).toMatchObject({ assetId, path: '_assets/a.png' });
  });
});
