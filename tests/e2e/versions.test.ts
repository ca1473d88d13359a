import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserPath, DESKTOP, launchBrowser, openPage, PHONE, shoot, signIn } from '../lib/browser.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { NotebookPage } from '../lib/notebook-page.ts';
import { Phone, type PhoneDocument } from '../lib/phone.ts';

const FIRST = "# Plan\n\nWhat we agreed on.\n\n```python\nprint('stays')\n```\n\n## Later\n\n- one\n- two\n- three\n";
const SECOND = FIRST.replace('What we agreed on.', 'Written over by mistake,\nin two lines.').replace('- two\n', '');

/** WB2: what a document was, on a phone: seen, brought back, taken back; and a deleted document's way back. */
describe.skipIf(!browserPath)(`version history${browserMissing}`, () => {
  let installation: Installation;
  let browser: Browser;
  let friend: Phone;
  let project: { id: string; slug: string };
  let documentId: string;
  let theirs: PhoneDocument;

  beforeAll(async () => {
    installation = await startInstallation();
    friend = await Phone.local(installation.url);
    project = await friend.api.projects.create.mutate({ name: 'History' });
    documentId = (await friend.api.documents.create.mutate({ projectId: project.id, path: 'plan.md', text: FIRST })).id;
    theirs = await friend.openSynced(documentId);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    theirs?.close();
    friend?.close();
    await installation?.remove();
  });

  const textOfTheirs = () => theirs.text.toString();
  const openVersions = async (page: Page) => {
    await page.getByTestId('more-menu').click();
    await page.getByRole('menuitem', { name: 'Version history' }).click();
    await page.getByTestId('version').first().waitFor();
  };
  const at = async (size: object, scheme: 'light' | 'dark') => {
    const context: BrowserContext = await browser.newContext({ ...size, colorScheme: scheme });
    const { page, problems } = await openPage(context);
    await signIn(page, installation.url);
    await page.goto(`${installation.url}/p/${project.slug}/plan.md`);
    await new NotebookPage(page).says('Saved');
    return { context, page, problems };
  };

  it('WB2, SY8: a phone looks at the day’s version, restores it for everyone, and takes it back', async () => {
    theirs.doc.transact(() => {
      theirs.text.delete(0, theirs.text.length);
      theirs.text.insert(0, SECOND);
    });
    await theirs.connection.flushed();
    await until('the daily is kept', async () => (await friend.api.documents.versions.list.query({ documentId })).length === 1);
    const { context, page, problems } = await at(PHONE, 'light');
    await openVersions(page);
    await shoot(page, 'versions-list-phone');
    await page.getByTestId('version').first().tap();
    await page.getByTestId('version-count').filter({ hasText: '2 lines come back (+), 2 lines go (−).' }).waitFor();
    await shoot(page, 'versions-preview-phone');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.getByTestId('version-restore').tap();
    await page.getByTestId('version-done').filter({ hasText: 'The document is back to' }).waitFor();
    await until('the friend has it', () => textOfTheirs() === FIRST);
    await page.getByTestId('version').filter({ hasText: 'Before you restored' }).waitFor();
    await shoot(page, 'versions-restored-phone');
    await page.getByRole('button', { name: 'Undo', exact: true }).tap();
    await until('the friend has it again', () => textOfTheirs() === SECOND);
    await page.getByTestId('version-done').filter({ hasText: 'Undone' }).waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  it('WB8: by keyboard alone on a desktop, in the dark', async () => {
    const { context, page, problems } = await at(DESKTOP, 'dark');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('Version history');
    await page.keyboard.press('Enter');
    const version = page.getByTestId('version').first();
    await version.waitFor();
    await version.focus();
    await page.keyboard.press('Enter');
    await page.getByTestId('version-text').waitFor();
    await shoot(page, 'versions-preview-desktop-dark');
    await page.keyboard.press('Escape');
    await page.getByTestId('version-text').waitFor({ state: 'detached' });
    await until('the focus is back', () => version.evaluate((element) => element === document.activeElement));
    await shoot(page, 'versions-list-desktop-dark');
    expect(problems).toEqual([]);
    await context.close();
  });

  it('WB2: a deleted document says how long it stays, and comes back under a free name with its versions', async () => {
    await friend.api.documents.remove.mutate({ documentId });
    await friend.api.documents.create.mutate({ projectId: project.id, path: 'plan.md', text: 'another\n' });
    const context = await browser.newContext(PHONE);
    const { page, problems } = await openPage(context);
    await signIn(page, installation.url);
    await page.getByRole('button', { name: 'Settings of History' }).tap();
    await page.getByText('Deleted documents (1)').tap();
    await page.getByText('30 days left').waitFor();
    await shoot(page, 'deleted-documents-phone');
    await page.getByRole('button', { name: 'Restore plan.md' }).tap();
    const restored = await until('it is back', async () =>
      (await friend.api.documents.list.query({ projectId: project.id })).find(({ id }) => id === documentId),
    );
    expect(restored.path).toBe('plan (2).md');
    const back = await friend.openSynced(documentId);
    expect(back.text.toString()).toBe(SECOND);
    back.close();
    expect((await friend.api.documents.versions.list.query({ documentId })).length).toBeGreaterThanOrEqual(2);
    expect(problems).toEqual([]);
    await context.close();
  });
});
