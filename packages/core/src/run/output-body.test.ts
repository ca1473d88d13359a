import { describe, expect, it } from 'vitest';
import { outputBody, relativeLink } from './output-body.ts';

const body = (...events: Parameters<typeof outputBody>[0] extends Iterable<infer E> ? E[] : never) => outputBody(events, 'chapters/one.md');

describe('output-body (RU21)', () => {
  it('RU21: streams run on, values and errors stand on lines of their own', () => {
    expect(
      body(
        { kind: 'started' },
        { kind: 'stdout', text: 'a' },
        { kind: 'stderr', text: 'b' },
        { kind: 'result', data: { 'text/plain': '42', 'text/html': '<b>42</b>' } },
        { kind: 'error', name: 'ValueError', message: 'no', traceback: ['\u001b[31mValueError\u001b[0m: no'] },
        { kind: 'ended', outcome: 'failed', durationMs: 1 },
      ),
    ).toBe('ab\n42\nValueError: no\n');
  });

  it('RU18, RU21: progress bars show their last state, across events too', () => {
    expect(body({ kind: 'stdout', text: ' 50%\r' }, { kind: 'stdout', text: '100%\n' })).toBe('100%\n');
    expect(body({ kind: 'stdout', text: '\u001b[31mfetching a long name' }, { kind: 'stdout', text: '\r\u001b[Kdone\u001b[0m\n' })).toBe(
      'done\n',
    );
  });

  it('RU20: what the run cleared or replaced is not in the document', () => {
    expect(
      body(
        { kind: 'stdout', text: 'old\n' },
        { kind: 'display', data: {}, metadata: { clear_output: true, wait: true } },
        { kind: 'display', data: { 'text/plain': '1 of 2' }, metadata: { display_id: 'a' } },
        { kind: 'stdout', text: 'between\n' },
        { kind: 'display', data: { 'text/plain': '2 of 2' }, metadata: { display_id: 'a', update: true } },
      ),
    ).toBe('2 of 2\nbetween\n');
  });

  it('RU19, RU21: images are links relative to the document, or to the stored bytes', () => {
    const image = { kind: 'asset' as const, assetId: 'abc', mimeType: 'image/png', size: 3 };
    const text = { kind: 'display' as const, data: { 'text/plain': '<Figure size 640x480>' } };
    expect(body({ ...image, path: '_assets/1-plot.png', alt: 'a [plot]' }, text)).toBe('![a  plot ](../_assets/1-plot.png)\n');
    expect(body(image)).toBe('![plot](/api/assets/abc)\n');
    expect(relativeLink('a/b.md', 'a/_assets/x (1).png')).toBe('_assets/x%20%281%29.png');
  });

  it('RU14: a question shows what was asked and what may be shown of the answer', () => {
    expect(body({ kind: 'stdin_request', prompt: 'Name? ', password: false, execId: 'x' }, { kind: 'stdin_answered', shown: 'Ada' })).toBe(
      'Name? Ada\n',
    );
  });

  it('RU21: at most 500 lines, and it says how many are hidden', () => {
    const lines = Array.from({ length: 12_000 }, (_, i) => `${i}\n`).join('');
    const text = body({ kind: 'stdout', text: lines });
    expect(text.split('\n').length).toBeLessThanOrEqual(501);
    expect(text).toMatch(/… 11,\d{3} lines hidden · open full log …/);
    expect(text.endsWith('11999\n')).toBe(true);
  });

  it('RU20: nothing printed is an empty body', () => {
    expect(
      body({ kind: 'started' }, { kind: 'note', text: 'waited for files' }, { kind: 'ended', outcome: 'completed', durationMs: 1 }),
    ).toBe('');
  });
});
