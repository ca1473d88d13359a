import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserPath, DESKTOP, launchBrowser, openPage, shoot, signIn } from '../lib/browser.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { NotebookPage } from '../lib/notebook-page.ts';
import { Phone } from '../lib/phone.ts';

/** Tries everything an output could do to the page, the cookies and the network, and writes down how it went. */
const attack = (leak: string, mark: string) => `<p id="said">${mark} drawn</p><script>
const say = (what, how) => { document.getElementById('said').textContent += ' ' + what + ':' + how; };
const attempt = (what, work) => { try { work(); say(what, 'reached'); } catch { say(what, 'refused'); } };
attempt('parent', () => { parent.document.title = 'taken over'; });
attempt('cookie', () => { if (document.cookie === undefined) throw 0; });
attempt('storage', () => localStorage.length);
attempt('top', () => { top.location = '${leak}/top'; });
fetch('${leak}/fetch').then(() => say('fetch', 'reached'), () => say('fetch', 'refused'));
const image = new Image();
image.onload = () => say('image', 'reached');
image.onerror = () => say('image', 'refused');
image.src = '${leak}/image';
attempt('socket', () => { new WebSocket('${leak.replace('http', 'ws')}/socket').onopen = () => say('socket', 'opened'); });
const form = document.createElement('form');
form.action = '${leak}/form';
document.body.append(form);
attempt('form', () => form.submit());
</script><img src="${leak}/markup"><link rel="stylesheet" href="${leak}/style"><iframe src="${leak}/frame"></iframe>`;

const shows = (method: string, text: string) => `class Shown:\n    def ${method}(self):\n        return ${JSON.stringify(text)}\nShown()`;

const cells = (leak: string) => ({
  html: shows('_repr_html_', attack(leak, 'HTML')),
  svg: shows(
    '_repr_svg_',
    `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40" onload="parent.document.title='taken over'"><circle cx="20" cy="20" r="15"/><image href="${leak}/svg-image" width="9" height="9"/><script>fetch('${leak}/svg-script')</script></svg>`,
  ),
  markdown: shows(
    '_repr_markdown_',
    `**bold** <script>document.title='taken over'</script><img src="x" onerror="document.title='taken over'"> <a href="javascript:document.title='taken over'">link</a> <iframe src="${leak}/markdown-frame"></iframe><form action="${leak}/markdown-form"><input name="q"></form><style>body{display:none}</style>`,
  ),
  table: shows(
    '_repr_html_',
    `<style>body{display:none}</style><table><tr><td onclick="document.title='taken over'" style="color:red">cell</td></tr></table>`,
  ),
  loading: shows(
    '_repr_html_',
    `<table><tr><td>beside</td><td><img src="${leak}/table-image" onerror="parent.document.title='taken over'"></td></tr></table>`,
  ),
  ansi: "print('\\x1b[31mred words\\x1b[0m and plain \\x1b[1mbold\\x1b[0m <b>not markup</b>')",
  progress: "import sys\nfor i in range(0, 101, 10):\n    sys.stdout.write('\\r%3d %% done' % i)\n    sys.stdout.flush()\nprint()",
  error: "def inner():\n    raise ValueError('the reason')\ninner()",
  many: "for i in range(50_000):\n    print('row', i)",
});

describe.skipIf(!browserPath)(`outputs in the page${browserMissing}`, () => {
  let installation: Installation;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let notebook: NotebookPage;
  let api: Phone;
  let leak: Server;
  const leaked: string[] = [];
  let names: string[];
  const at = (name: string) => names.indexOf(name);
  /** Runs a cell and waits until it has ended. */
  const run = async (name: string, ending: string | RegExp = 'Done') => {
    const button = notebook.part('cell-run', at(name));
    await notebook.reveal(button);
    await button.click();
    await notebook.status(at(name), ending);
    const output = notebook.part('cell-output', at(name));
    await notebook.reveal(output);
    return output;
  };

  /** Keeps the output on the screen, where frames are laid out, until the place in it is visible. */
  const seen = (output: Locator, place: Locator) =>
    until(`${place} is visible`, async () => {
      await notebook.reveal(output);
      return place.isVisible();
    });

  beforeAll(async () => {
    leak = createServer((request, response) => {
      leaked.push(request.url ?? '');
      response.writeHead(200, { 'access-control-allow-origin': '*' }).end('got it');
    });
    await new Promise<void>((resolve) => leak.listen(0, '127.0.0.1', resolve));
    const all = cells(`http://127.0.0.1:${(leak.address() as AddressInfo).port}`);
    names = Object.keys(all);
    installation = await startInstallation();
    api = await Phone.local(installation.url);
    const project = await api.api.projects.create.mutate({ name: 'Outputs' });
    const text = `# Outputs\n\n${Object.values(all)
      .map((code) => `\`\`\`python\n${code}\n\`\`\`\n`)
      .join('\n')}`;
    await api.api.documents.create.mutate({ projectId: project.id, path: 'outputs.md', text });
    browser = await launchBrowser();
    context = await browser.newContext(DESKTOP);
    ({ page } = await openPage(context));
    notebook = new NotebookPage(page);
    await signIn(page, installation.url, `/p/${project.slug}/outputs.md`);
    await page.getByTestId('editor').waitFor();
  });

  afterAll(async () => {
    await browser?.close();
    api?.close();
    await installation?.remove();
    leak?.close();
  });

  it('WB7 the scripts of HTML output run in a frame and reach neither page, cookies nor network', async () => {
    const output = await run('html');
    const said = output.frameLocator('iframe').locator('#said');
    // The frame's own script ran, or all the refusals below would say nothing.
    await seen(output, said.filter({ hasText: 'fetch:' }).filter({ hasText: 'image:' }));
    const words = await said.textContent();
    for (const what of ['parent', 'cookie', 'storage', 'fetch', 'image']) expect(words).toContain(`${what}:refused`);
    expect(words).not.toContain('socket:opened');
    await shoot(page, 'outputs-html');
    // Away and back: the editor makes the frame anew.
    await notebook.reveal(notebook.part('cell-run', at('many')));
    await notebook.reveal(output);
    await seen(output, said.filter({ hasText: 'fetch:refused' }));
    expect(page.url()).toContain('/p/');
    expect(await page.title()).not.toContain('taken over');
  });

  it('WB7 SVG output is a picture without scripts, in the page and at its own address', async () => {
    const output = await run('svg');
    const image = output.locator('img');
    await until('it is drawn', () => image.evaluate((element: HTMLImageElement) => element.complete && element.naturalWidth > 0));
    const { page: alone } = await openPage(context);
    await alone.goto(new URL((await image.getAttribute('src'))!, installation.url).href).catch(() => undefined);
    expect(await alone.title()).not.toContain('taken over');
    await alone.close();
    expect(await page.title()).not.toContain('taken over');
  });

  it('WB7 markdown output is sanitised', async () => {
    const output = await run('markdown');
    await output.locator('strong', { hasText: 'bold' }).waitFor();
    for (const forbidden of ['script', 'iframe', 'form', 'input', 'style', '[onerror]', 'a[href^="javascript"]'])
      expect(await output.locator(forbidden).count(), forbidden).toBe(0);
    expect(await page.title()).not.toContain('taken over');
  });

  it('WB7 a plain table is drawn in the page without what could act; one that loads stays in a frame', async () => {
    const plain = await run('table');
    await plain.locator('td', { hasText: 'cell' }).waitFor();
    expect(await plain.locator('[onclick],[style],style').count()).toBe(0);
    await plain.locator('td').click();
    const loading = await run('loading');
    await seen(loading, loading.frameLocator('iframe').locator('td', { hasText: 'beside' }));
    expect(await page.title()).not.toContain('taken over');
  });

  it('WB7 nothing of all that has reached another server', () => {
    expect(leaked).toEqual([]);
  });

  it('WB6 ANSI colours are colours, markup is text, a progress bar is one line', async () => {
    const output = await run('ansi');
    const red = output.locator('span', { hasText: /^red words$/ }).last();
    const plain = await output.locator('pre').evaluate((element) => getComputedStyle(element).color);
    expect(await red.evaluate((element) => getComputedStyle(element).color)).not.toBe(plain);
    await output.filter({ hasText: '<b>not markup</b>' }).waitFor();
    const bar = await run('progress');
    await until('it is one line', async () => (await bar.locator('pre').textContent())?.trim() === '100 % done');
    await shoot(page, 'outputs-ansi');
  });

  it('WB6 a traceback is folded to its last line, and opens', async () => {
    const output = await run('error', /Failed|ValueError|Error/);
    const details = output.locator('details');
    await details.filter({ hasText: 'ValueError: the reason' }).waitFor();
    expect(await details.getAttribute('open')).toBeNull();
    await details.locator('summary').click();
    expect(await details.locator('pre').textContent()).toContain('inner()');
    await shoot(page, 'outputs-error');
  });

  it('RU21, WB3 50,000 lines: the page answers all the time and holds few of them', async () => {
    const before = await page.locator('*').count();
    await page.evaluate(() => {
      const seen = { longest: 0, frames: 0, last: performance.now() };
      (globalThis as { seen?: unknown }).seen = seen;
      const tick = (now: number) => {
        seen.longest = Math.max(seen.longest, now - seen.last);
        seen.last = now;
        seen.frames += 1;
        requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    const output = await run('many');
    await output.filter({ hasText: 'row 49999' }).waitFor();
    const lines = ((await output.locator('pre').textContent()) ?? '').trim().split('\n');
    expect(lines.length).toBeLessThanOrEqual(500);
    expect(lines.at(-1)).toBe('row 49999');
    expect(await page.locator('*').count()).toBeLessThan(before + 300);
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: { longest: number; frames: number } }).seen);
    console.info(`50,000 lines: ${seen.frames} frames, the longest wait ${Math.round(seen.longest)} ms`);
    // Typing works right after it.
    await notebook.reveal(page.locator('.cm-line', { hasText: 'Outputs' }));
    await page.locator('.cm-line', { hasText: 'Outputs' }).first().click();
    await page.keyboard.press('End');
    await page.keyboard.type(' and words');
    await page.locator('.cm-line', { hasText: 'Outputs and words' }).waitFor();
    await notebook.says('Saved');
    await until('the server has them', async () => {
      const [project] = await api.api.projects.list.query();
      const [document] = await api.api.projects.documents.query({ projectId: project!.id });
      return (await api.api.documents.get.query({ documentId: document!.id })).text.startsWith('# Outputs and words');
    });
    await shoot(page, 'outputs-many');
  });
});
