import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserPath, DESKTOP, launchBrowser, openPage, signIn } from '../lib/browser.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { NotebookPage } from '../lib/notebook-page.ts';
import { Phone, type PhoneDocument } from '../lib/phone.ts';

/** What a browser keeps of edits that the relay does not have, in a real IndexedDB. */
describe.skipIf(!browserPath)(`edits kept in the browser${browserMissing}`, () => {
  let installation: Installation;
  let api: Phone;
  let server: PhoneDocument;
  let browser: Browser;
  let context: BrowserContext;
  let path: string;

  beforeAll(async () => {
    installation = await startInstallation();
    api = await Phone.local(installation.url);
    const { id: projectId, slug } = await api.api.projects.create.mutate({ name: 'Kept' });
    const { id } = await api.api.documents.create.mutate({ projectId, path: 'kept.md', text: 'Here.\n' });
    server = await api.openSynced(id);
    path = `/p/${slug}/kept.md`;
    browser = await launchBrowser();
    context = await browser.newContext({ ...DESKTOP, baseURL: installation.url });
    const { page } = await openPage(context, { offline: true });
    await signIn(page, installation.url, path);
    await new NotebookPage(page).says('Saved');
    // The next tabs start without a network.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.close();
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
    api?.close();
    await installation?.remove();
  });

  const openTab = async (): Promise<{ page: Page; notebook: NotebookPage }> => {
    const { page } = await openPage(context, { offline: true });
    await page.goto(path);
    await page.locator('.cm-line', { hasText: 'Here.' }).waitFor();
    return { page, notebook: new NotebookPage(page) };
  };
  const unsaved = async (page: Page) => Number(await page.getByTestId('save-state').getAttribute('data-unsaved'));
  const typeAtEnd = async (page: Page, text: string) => {
    await page.locator('.cm-line').first().click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type(text);
  };

  it('SY5, WB3 a tab that is killed offline leaves every edit, counted; they are saved once', async () => {
    const first = await openTab();
    await first.notebook.says('Saved');
    await context.setOffline(true);
    await typeAtEnd(first.page, 'Killed.');
    await first.notebook.says('Offline, 7 edits only on this device');
    const session = await context.newCDPSession(first.page);
    const crashed = first.page.waitForEvent('crash');
    // Never answered: the tab is dead.
    void session.send('Page.crash').catch(() => undefined);
    await crashed;
    await first.page.close();
    const again = await openTab();
    await again.notebook.says('Offline, 7 edits only on this device');
    await typeAtEnd(again.page, '!');
    await again.notebook.says('Offline, 8 edits only on this device');
    await context.setOffline(false);
    await again.notebook.says('Saved');
    await until('the server has it', () => server.text.toString() === 'Here.\nKilled.!');
    await again.page.close();
  });

  it('SY5 two tabs offline show the same, and both are saved once the network is back', async () => {
    const [a, b] = [await openTab(), await openTab()];
    await a.notebook.says('Saved');
    await b.notebook.says('Saved');
    await context.setOffline(true);
    await typeAtEnd(a.page, 'AA');
    await b.page.locator('.cm-line', { hasText: 'Killed.!AA' }).waitFor();
    await typeAtEnd(b.page, 'BB');
    await a.page.locator('.cm-line', { hasText: 'Killed.!AABB' }).waitFor();
    expect([await unsaved(a.page), await unsaved(b.page)]).toEqual([4, 4]);
    await context.setOffline(false);
    await a.notebook.says('Saved');
    await b.notebook.says('Saved');
    await until('the server has it once', () => server.text.toString() === 'Here.\nKilled.!AABB');
  });
});
