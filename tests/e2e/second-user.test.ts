import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admin } from '../lib/admin.ts';
import { browserMissing, browserPath, DESKTOP, launchBrowser, openPage, signIn } from '../lib/browser.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { Phone } from '../lib/phone.ts';

const SECRET = 'The combination is four-eight-fifteen.';
const SECOND = 'second@example.org';

/** SE1 in the browser: what belongs to one person does not exist for another, not even in a browser that both use. */
describe.skipIf(!browserPath)(`a second person${browserMissing}`, () => {
  let installation: Installation;
  let browser: Browser;
  let first: Phone;
  let second: Phone;
  let documentId: string;
  let deep: string[];
  let url: string;

  beforeAll(async () => {
    installation = await startInstallation();
    // The address that the link in the mail has.
    url = installation.url.replace('127.0.0.1', 'localhost');
    first = await Phone.local(installation.url);
    const project = await first.api.projects.create.mutate({ name: 'Private' });
    const view = await first.api.documents.create.mutate({
      projectId: project.id,
      path: 'secret.md',
      text: `# Secret\n\n${SECRET}\n\n\`\`\`python\nprint('${SECRET}')\n\`\`\`\n`,
    });
    documentId = view.id;
    const document = await first.openSynced(view.id);
    const { run } = await first.watch(await first.run(document, project.id, 0));
    document.close();
    deep = [`/p/${project.slug}/secret.md`, `/p/${project.slug}`, `/runs/${run.id}`];
    admin(installation, 'user', 'create', SECOND);
    second = Phone.withToken(installation.url, admin(installation, 'token', 'create', '--user', SECOND));
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    first?.close();
    second?.close();
    await installation?.remove();
  });

  /** Signs in by e-mail; there is no mail server, so the link stands in the log. */
  const signInByMail = async (page: Page) => {
    const links = () => installation.output().match(/https?:\/\/[^\s"']+callback\/email[^\s"']+/g) ?? [];
    const before = links().at(-1);
    await page.goto(`${url}/sign-in`);
    await page.getByLabel('E-mail').fill(SECOND);
    await page.getByRole('button', { name: 'Send a sign-in link' }).click();
    await page.waitForURL('**/sign-in?sent=1*');
    const link = await until('the link is in the log', () => links().at(-1) !== before && links().at(-1));
    await page.goto(link.replaceAll('&amp;', '&'));
    await page.waitForURL(`${url}/`);
  };

  const seesNothing = async (context: BrowserContext) => {
    const { page } = await openPage(context, { offline: true });
    for (const link of deep) {
      await page.goto(`${url}${link}`);
      await page
        .getByText(/no such|not found|not here|cannot be shown/i)
        .first()
        .waitFor();
      expect(await page.content(), link).not.toContain(SECRET);
    }
    await page.goto(`${url}/`);
    await page.getByTestId('sample-project').waitFor();
    expect(await page.content()).not.toContain('Private');
  };

  it('SE1 the deep links of somebody else say "not there" and show nothing', async () => {
    const context = await browser.newContext(DESKTOP);
    await signInByMail((await openPage(context)).page);
    await seesNothing(context);
    await context.close();
  });

  it('SE1 nor in a browser where the first person was signed in before', async () => {
    const context = await browser.newContext(DESKTOP);
    const { page } = await openPage(context);
    await signIn(page, url, deep[0]);
    await page.getByText(SECRET).first().waitFor();
    await page.goto(`${url}/settings`);
    await page.getByTestId('sign-out').click();
    const confirm = page.getByTestId('confirm-sign-out');
    await confirm.or(page.getByTestId('sign-in-local')).first().waitFor();
    if (await confirm.isVisible()) await confirm.click();
    await page.getByTestId('sign-in-local').waitFor();
    await signInByMail(page);
    await seesNothing(context);
    await context.close();
  });

  it('SE1 a token of the second person reads nothing of the first', async () => {
    await expect(second.api.documents.get.query({ documentId })).rejects.toMatchObject({ data: { httpStatus: 404 } });
    await expect(second.api.documents.ticket.query({ documentId, mode: 'read' })).rejects.toMatchObject({ data: { httpStatus: 404 } });
    expect(await second.api.projects.list.query()).toEqual([]);
  });
});
