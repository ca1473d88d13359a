import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Less than a test may take, so that its failure says what was waited for. */
const PATIENCE_MS = 240_000;
const SHOTS = join(import.meta.dirname, '..', '..', 'test-results', 'e2e');
/** What the browser itself writes when a request fails: expected where a test takes the server or the network away. */
const FAILED_REQUEST = /^(Failed to load resource|WebSocket connection to)/;

/** The Chromium the tests drive; undefined where none could be installed (scripts/lib/ensure-test-tools.mjs says so by name). */
export const browserPath = process.env.MARKCO_TEST_BROWSER;

/** For the titles of suites that are skipped: why. */
export const browserMissing = browserPath ? '' : ' (skipped: MARKCO_TEST_BROWSER is not set)';

/** Starts a headless Chromium. */
export const launchBrowser = (): Promise<Browser> => chromium.launch({ executablePath: browserPath!, args: FLAGS, timeout: PATIENCE_MS });

/** WB8's sizes: a phone with touch, and a desktop. */
export const PHONE = { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } as const;
export const DESKTOP = { viewport: { width: 1440, height: 900 } } as const;

/** A page that collects what goes wrong in it: exceptions and console errors, without those of failed requests when `offline` is set. */
export async function openPage(context: BrowserContext, { offline = false } = {}): Promise<{ page: Page; problems: string[] }> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !(offline && FAILED_REQUEST.test(message.text()))) problems.push(message.text());
  });
  return { page, problems };
}

/** "Continue on this computer", pressed or tapped as a person does; ends on the path `next`. */
export async function signIn(page: Page, url: string, next = '/'): Promise<void> {
  await page.goto(`${url}/sign-in?next=${encodeURIComponent(next)}`);
  await page.getByTestId('sign-in-local').click();
  await page.waitForURL(`${url}${next}`);
}

/** Keeps a picture of the page under test-results/e2e/. */
export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
