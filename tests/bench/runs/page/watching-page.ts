import type { Browser, Page } from 'playwright-core';
import { launchBrowser, openPage, PHONE, signIn } from '../../../lib/browser.ts';
import { NotebookPage } from '../../../lib/notebook-page.ts';

/** How a page behaved while something else went on, ms. */
export interface Answers {
  /** From each tap until the frame that shows its effect. */
  readonly taps: number[];
  /** The longest the page was busy without a break; 0 where never for 50 ms. */
  readonly longestTask: number;
}

/** A notebook in a real browser at a phone's size. */
export interface WatchingPage {
  readonly notebook: NotebookPage;
  /** The process that runs the page. */
  readonly pid: number;
  /** Taps through the page until `done`; what each tap waited for. */
  tapUntil(done: () => boolean): Promise<Answers>;
  close(): Promise<void>;
}

/** Between two taps of an impatient person, ms. */
const TAP_EVERY_MS = 400;

/** Opens a document as the local user. */
export async function openWatchingPage(url: string, path: string): Promise<WatchingPage> {
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ ...PHONE, serviceWorkers: 'block' });
    // tsx names functions with a helper that the page does not have.
    await context.addInitScript('globalThis.__name = (made) => made');
    await context.addInitScript(watchTasks);
    const { page } = await openPage(context);
    await signIn(page, url, path);
    await page.getByTestId('editor').waitFor();
    const pid = await rendererOf(browser);
    return {
      notebook: new NotebookPage(page),
      pid,
      tapUntil: (done) => tapUntil(page, done),
      close: () => browser.close(),
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** In the page: the longest task, and for each tap on the menu the time from the finger to the frame that shows it. */
function watchTasks(): void {
  const seen = { longestTask: 0, taps: [] as number[] };
  Object.assign(window, { benchSeen: seen });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longestTask = Math.max(seen.longestTask, duration);
  }).observe({ type: 'longtask', buffered: true });
  let finger = 0;
  addEventListener('pointerdown', ({ timeStamp }) => (finger = timeStamp), { capture: true });
  const shown = () => document.querySelector('[data-testid="doc-tree"]')?.checkVisibility() === true;
  addEventListener(
    'click',
    ({ target }) => {
      if (!(target as Element).closest('[data-testid="menu-button"]')) return;
      const began = finger;
      const look = () => {
        if (!shown()) return void requestAnimationFrame(look);
        // A frame begins before it is painted; what follows it comes after.
        setTimeout(() => seen.taps.push(performance.now() - began));
      };
      requestAnimationFrame(look);
    },
    { capture: true },
  );
}

type Seen = { benchSeen: { longestTask: number; taps: number[] } };

async function tapUntil(page: Page, done: () => boolean): Promise<Answers> {
  const read = () => page.evaluate(() => (window as unknown as Seen).benchSeen);
  await page.evaluate(() => Object.assign((window as unknown as Seen).benchSeen, { longestTask: 0, taps: [] }));
  const menu = (await page.getByTestId('menu-button').boundingBox())!;
  const tree = page.getByTestId('doc-tree');
  while (!done()) {
    const before = (await read()).taps.length;
    await page.touchscreen.tap(menu.x + menu.width / 2, menu.y + menu.height / 2);
    await page.waitForFunction((count) => (window as unknown as Seen).benchSeen.taps.length > count, before, { polling: 50 });
    await page.keyboard.press('Escape');
    await tree.waitFor({ state: 'detached' });
    await page.waitForTimeout(TAP_EVERY_MS);
  }
  return read();
}

async function rendererOf(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime);
  if (!renderers[0]) throw new Error('The browser names no process for its page.');
  return renderers[0].id;
}
