// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { ansiHtml } from './ansi-html.ts';
import { renderMarkdown } from './render-markdown.ts';
import { framePage } from './sandbox-frame.tsx';
import { splitImages } from './stored-output.tsx';

describe('output of strangers', () => {
  it('WB7: the policy stands before anything of the output and allows no network', () => {
    const page = framePage('<img src="https://evil.example/x">');
    expect(page.indexOf('Content-Security-Policy')).toBeLessThan(page.indexOf('evil.example'));
    const policy = /content="(default-src[^"]*)"/.exec(page)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|connect-src|\*/);
  });
  it('WB5: columns of markdown tables keep their alignment without styles', async () => {
    const html = await renderMarkdown('| a |\n|--:|\n| 1 |');
    expect(html).toContain('<td align="right">');
    expect(html).not.toContain('style=');
  });
  it('WB6: colours of terminals, and nothing else', () => {
    expect(ansiHtml('\x1b[31m<b>red</b>\x1b[0m')).toBe('<span class="ansi-red-fg">&lt;b&gt;red&lt;/b&gt;</span>');
    expect(ansiHtml('\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07')).not.toContain('href="javascript');
  });
  it('RU21: image lines of a stored output are images', () => {
    expect(splitImages('before\n![plot](_assets/a.png)\nafter').map((part) => part.kind)).toEqual(['text', 'image', 'text']);
  });
  it('RU21: the line that says what was cut from a stored output opens the full log', () => {
    const parts = splitImages('head\n… 12,431 lines hidden · open full log …\ntail');
    expect(parts).toMatchObject([{ text: 'head' }, { kind: 'hidden', what: '12,431 lines' }, { text: 'tail' }]);
  });
});
