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

/** The Chromium the tests drive; undefined where none could be installed (scripts/lib/ensure-test-tools.mjs says so by name). */
export const browserPath = process.env.MARKCO_TEST_BROWSER;

/** Starts a headless Chromium. */
export const launchBrowser = (): Promise<Browser> => chromium.launch({ executablePath: browserPath!, args: FLAGS });

/** WB8's sizes: a phone with touch, and a desktop. */
export const PHONE = { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } as const;
export const DESKTOP = { viewport: { width: 1440, height: 900 } } as const;

/** A page whose console errors and crashes fail the test at `assertQuiet()`. */
export async function openPage(context: BrowserContext): Promise<{ page: Page; problems: string[] }> {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  return { page, problems };
}
