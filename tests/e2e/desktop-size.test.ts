import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserPath, DESKTOP, launchBrowser, openPage, PHONE, shoot, signIn } from '../lib/browser.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { NotebookPage } from '../lib/notebook-page.ts';
import { pageFaults } from '../lib/page-faults.ts';
import { Phone } from '../lib/phone.ts';

const TEXT =
  "# Sizes\n\nSome *words* and a [link](https://example.org).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint('from the keyboard')\n```\n\n```python\nprint('the next one')\n```\n";

/** Every screen, at every size and in both colour schemes: readable, operable, quiet. */
describe.skipIf(!browserPath)(`screens at their sizes${browserMissing}`, () => {
  let installation: Installation;
  let browser: Browser;
  let api: Phone;
  let slug: string;
  let screens: [name: string, path: string, ready: (page: Page) => Promise<unknown>][];

  beforeAll(async () => {
    installation = await startInstallation();
    api = await Phone.local(installation.url);
    const project = await api.api.projects.create.mutate({ name: 'Sizes' });
    slug = project.slug;
    const view = await api.api.documents.create.mutate({ projectId: project.id, path: 'sizes.md', text: TEXT });
    const document = await api.openSynced(view.id);
    const { run } = await api.watch(await api.run(document, project.id, 0));
    document.close();
    browser = await launchBrowser();
    screens = [
      ['projects', '/', (page) => page.getByTestId('project-card').waitFor()],
      ['project', `/p/${slug}/sizes.md`, (page) => page.getByTestId('cell-status').first().waitFor()],
      ['runs', '/runs', (page) => page.getByTestId('run-row').first().waitFor()],
      ['run', `/runs/${run.id}`, (page) => page.getByTestId('run-log').waitFor()],
      ['devices', '/devices', (page) => page.getByRole('heading', { name: 'Connect a computer' }).waitFor()],
      ['settings', '/settings', (page) => page.getByRole('switch').first().waitFor()],
    ];
  });

  afterAll(async () => {
    await browser?.close();
    api?.close();
    await installation?.remove();
  });

  /** What is wrong with the screen as it stands, in both colour schemes. */
  const look = async (page: Page, name: string, as: string): Promise<string[]> => {
    const faults: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.waitForFunction(() => !document.getAnimations().some((each) => each instanceof CSSTransition));
      await shoot(page, `screen-${name}-${as}-${colorScheme}`);
      faults.push(...(await pageFaults(page)).map((fault) => `${name}, ${colorScheme}: ${fault}`));
    }
    return faults;
  };
  const visit = async (context: BrowserContext, as: string): Promise<string[]> => {
    const { page, problems } = await openPage(context);
    await page.goto(`${installation.url}/sign-in`);
    await page.getByTestId('sign-in-local').waitFor();
    const faults = await look(page, 'sign-in', as);
    await signIn(page, installation.url);
    for (const [name, path, ready] of screens) {
      await page.goto(`${installation.url}${path}`);
      await ready(page);
      faults.push(...(await look(page, name, as)));
    }
    return [...faults, ...problems];
  };

  it.each([
    ['1440', DESKTOP],
    ['360', PHONE],
  ] as const)('WB8 %s, light and dark: no sideways scroll, names, labels, contrast, no error', async (as, size) => {
    const context = await browser.newContext(size);
    expect(await visit(context, as)).toEqual([]);
    await context.close();
  });

  it('WB2 by keyboard: Shift-Enter runs and goes on, the palette opens and Escape closes it', async () => {
    const context = await browser.newContext(DESKTOP);
    const { page, problems } = await openPage(context);
    const notebook = new NotebookPage(page);
    await signIn(page, installation.url, `/p/${slug}/sizes.md`);
    await page.locator('.cm-line', { hasText: 'from the keyboard' }).click();
    await page.keyboard.press('Shift+Enter');
    await notebook.part('cell-output', 0).filter({ hasText: 'from the keyboard' }).waitFor();
    await notebook.status(0, 'Done');
    await page.keyboard.press('Shift+Enter');
    await notebook.part('cell-output', 1).filter({ hasText: 'the next one' }).waitFor();
    await page.keyboard.press('Control+k');
    const palette = page.getByRole('combobox');
    await palette.waitFor();
    expect(await palette.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.type('show markdown');
    await page.getByRole('option', { name: /Show markdown source/ }).waitFor();
    await shoot(page, 'palette');
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'detached' });
    await until('the focus is back in the text', () => page.evaluate(() => !!document.activeElement?.closest('.cm-editor')));
    expect(problems).toEqual([]);
    await context.close();
  });
});
