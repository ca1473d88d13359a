import type { Page } from 'playwright-core';

/** Milliseconds from the tap on a document's name until its first line is painted. The name must be in the page; it is not hovered first. */
export function timeOpening(page: Page, path: string, title: string): Promise<number> {
  return page.evaluate(
    ({ path, title }) =>
      new Promise<number>((resolve, reject) => {
        const link = document.querySelector<HTMLElement>(`[data-testid="doc-link"][data-path="${path}"]`);
        if (!link) throw new Error(`${path} is not in the tree`);
        const began = performance.now();
        link.click();
        const look = () => {
          const line = document.querySelector('.cm-content .cm-line');
          // A frame begins before it is painted; what follows it comes after.
          if (line?.textContent?.includes(title)) setTimeout(() => resolve(performance.now() - began));
          else if (performance.now() - began > 20_000) reject(new Error(`${path} did not open`));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      }),
    { path, title },
  );
}

/** What one key cost, in ms: until it was painted, and how much of that the page worked rather than waited for a frame. */
export interface KeyCost {
  readonly painted: number;
  readonly busy: number;
}

/** Types letters where the cursor is and measures each, from the browser's own time stamp of the key. */
export async function timeKeys(page: Page, keys: number): Promise<KeyCost[]> {
  await page.evaluate(() => {
    const costs: KeyCost[] = [];
    Object.assign(window, { benchKeys: costs });
    document.addEventListener(
      'keydown',
      ({ timeStamp }) => {
        const handling = performance.now();
        let handled = handling;
        // After the browser put the letter in and everyone had seen it.
        setTimeout(() => {
          handled = performance.now();
        });
        document.addEventListener('input', () => queueMicrotask(() => Promise.resolve().then(() => (handled = performance.now()))), {
          once: true,
        });
        requestAnimationFrame(() => {
          const frame = performance.now();
          setTimeout(() => {
            const now = performance.now();
            costs.push({ painted: now - timeStamp, busy: Math.min(handled, frame) - handling + (now - frame) });
          });
        });
      },
      { capture: true },
    );
  });
  for (let i = 0; i < keys; i++) await page.keyboard.type('abcdefghij'[i % 10]!, { delay: 40 });
  await page.waitForFunction((wanted) => (window as unknown as { benchKeys: unknown[] }).benchKeys.length >= wanted, keys);
  return page.evaluate(() => (window as unknown as { benchKeys: KeyCost[] }).benchKeys);
}

/** Kilobytes of script the page has loaded so far, as they came over the line. */
export const scriptKilobytes = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const all = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const scripts = all.filter(({ name }) => new URL(name).pathname.endsWith('.js') && !name.endsWith('/sw.js'));
    return scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0) / 1024;
  });
