import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserPath, DESKTOP, launchBrowser, openPage, shoot, signIn } from '../lib/browser.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { NotebookPage } from '../lib/notebook-page.ts';
import { Phone } from '../lib/phone.ts';

const PARAGRAPH = 'The paragraph that both of them are in.';
const TEXT = `# Together\n\n${PARAGRAPH}\n\nThe end.\n`;

interface Writer {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly notebook: NotebookPage;
  readonly problems: string[];
}

/** Two browsers, each with y-codemirror.next, one real relay, one paragraph. */
describe.skipIf(!browserPath)(`typing together${browserMissing}`, () => {
  let installation: Installation;
  let api: Phone;
  let documentId: string;
  let browser: Browser;
  let ada: Writer;
  let ben: Writer;

  beforeAll(async () => {
    installation = await startInstallation();
    api = await Phone.local(installation.url);
    const { id: projectId, slug } = await api.api.projects.create.mutate({ name: 'Together' });
    documentId = (await api.api.documents.create.mutate({ projectId, path: 'together.md', text: TEXT })).id;
    browser = await launchBrowser();
    const open = async (): Promise<Writer> => {
      const context = await browser.newContext({ ...DESKTOP, baseURL: installation.url });
      const { page, problems } = await openPage(context, { offline: true });
      await signIn(page, installation.url, `/p/${slug}/together.md`);
      const notebook = new NotebookPage(page);
      await notebook.says('Saved');
      return { context, page, notebook, problems };
    };
    ada = await open();
    ben = await open();
  });
  afterAll(async () => {
    await browser?.close();
    api?.close();
    await installation?.remove();
  });

  /** The text as the page shows it, without the names of cursors. */
  const shown = ({ page }: Writer): Promise<string> =>
    page.locator('.cm-content').evaluate((content) =>
      [...content.querySelectorAll('.cm-line')]
        .map((line) => {
          const copy = line.cloneNode(true) as Element;
          for (const cursor of copy.querySelectorAll('.cm-ySelectionCaret')) cursor.remove();
          return copy.textContent;
        })
        .join('\n'),
    );
  const stored = async (): Promise<string> => (await api.api.documents.get.query({ documentId })).text ?? '';
  /** Both pages and Postgres have the same, and it holds this line. */
  const agreeOn = async (line: string): Promise<void> => {
    for (const writer of [ada, ben]) await writer.notebook.says('Saved');
    await until('Postgres has it', async () => (await stored()).split('\n').includes(line));
    for (const writer of [ada, ben]) await until('both pages show it', async () => (await shown(writer)).split('\n').includes(line));
    const lines = (text: string) => text.split('\n').slice(2);
    await until('both pages show all of it', async () => (await shown(ada)) === (await shown(ben)));
    expect(lines(await shown(ada))).toEqual(lines(await stored()));
  };
  const putCursor = async ({ page }: Writer, where: 'Home' | 'End'): Promise<void> => {
    const line = page.locator('.cm-line', { hasText: 'paragraph that both' });
    // In its first or last row: both keys stop where a long line wraps.
    const { width, height } = (await line.boundingBox())!;
    await line.click({ position: where === 'Home' ? { x: 4, y: 8 } : { x: width - 4, y: height - 8 } });
    await page.keyboard.press(where);
  };
  const type = ({ page }: Writer, text: string): Promise<void> => page.keyboard.type(text, { delay: 20 });

  it('SY1 both type at once into one paragraph, at its ends; undo takes back only one’s own', async () => {
    await putCursor(ada, 'Home');
    await putCursor(ben, 'End');
    await Promise.all([type(ada, 'Ada writes at the start, letter by letter. '), type(ben, ' Ben writes at the end, as fast as she.')]);
    await agreeOn(`Ada writes at the start, letter by letter. ${PARAGRAPH} Ben writes at the end, as fast as she.`);
    await shoot(ada.page, 'typing-together');
    // A person presses until it is gone; how much one press takes depends on the pauses between the letters.
    await until('what Ada wrote is gone', async () => {
      await ada.page.keyboard.press('Control+z');
      return !/Ada/.test((await shown(ada)).slice(0, 60)) && (await shown(ada)).includes(`\n${PARAGRAPH}`);
    });
    for (let more = 0; more < 3; more++) await ada.page.keyboard.press('Control+z');
    await agreeOn(`${PARAGRAPH} Ben writes at the end, as fast as she.`);
    await until('it is back', async () => {
      await ada.page.keyboard.press('Control+y');
      return (await shown(ada)).includes('Ada writes at the start, letter by letter. The paragraph');
    });
    await agreeOn(`Ada writes at the start, letter by letter. ${PARAGRAPH} Ben writes at the end, as fast as she.`);
  });

  it('SY1 both type at the same place at once: every letter is there once, in its writer’s order', async () => {
    await putCursor(ada, 'End');
    await putCursor(ben, 'End');
    await Promise.all([type(ada, '0123456789'), type(ben, 'abcdefghij')]);
    for (const writer of [ada, ben]) await writer.notebook.says('Saved');
    await until(
      'both pages show the same',
      async () => (await shown(ada)) === (await shown(ben)) && /j/.test((await shown(ada)).split('as fast as she.')[1]!),
    );
    const tail = (await shown(ada)).split('as fast as she.')[1]!.split('\n')[0]!;
    expect(tail).toHaveLength(20);
    expect(tail.replace(/\D/g, '')).toBe('0123456789');
    expect(tail.replace(/\d/g, '')).toBe('abcdefghij');
    await agreeOn((await shown(ada)).split('\n')[2]!);
  });

  it('SY5 one goes offline while the other goes on, and both type on: back online, both have both', async () => {
    await ben.context.setOffline(true);
    await putCursor(ada, 'Home');
    await putCursor(ben, 'End');
    await Promise.all([type(ada, 'Online. '), type(ben, ' Offline.')]);
    await ben.notebook.says(/\d+ edits? only on this device/);
    await ada.notebook.says('Saved');
    expect(await shown(ada)).not.toContain('Offline.');
    await ben.context.setOffline(false);
    await ben.notebook.says('Saved');
    await until('Ada sees it', async () => (await shown(ada)).includes(' Offline.'));
    const line = (await shown(ada)).split('\n')[2]!;
    expect(line.startsWith('Online. Ada writes')).toBe(true);
    expect(line.endsWith(' Offline.')).toBe(true);
    await agreeOn(line);
    await shoot(ben.page, 'typing-together-after-offline');
    expect([...ada.problems, ...ben.problems]).toEqual([]);
  });
});
