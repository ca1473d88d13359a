import type { Page } from 'playwright-core';
import { browserPath, DESKTOP, launchBrowser, openPage, PHONE, signIn } from '../../lib/browser.ts';
import { startInstallation } from '../../lib/installation.ts';
import { Phone } from '../../lib/phone.ts';
import { p50p95, percentile } from '../lib/numbers.ts';
import { printTable } from '../lib/print-table.ts';
import { type KeyCost, scriptKilobytes, timeKeys, timeOpening } from './in-page.ts';
import { notebook } from './notebooks.ts';

const QUICK = process.env.BENCH_QUICK === '1';
/** More than stay attached, so that going round them opens each from the browser's storage. */
const SHELF = 8;
const ROUNDS = QUICK ? 2 : 5;
const COLD = QUICK ? 10 : 30;
const KEYS = QUICK ? 60 : 200;
const LONG_KB = 500;

interface Figures {
  plainKb: number;
  cellKb: number;
  hot: number[];
  warm: number[];
  cold: number[];
  keys: KeyCost[];
}

const title = (path: string) => `Page ${path.replace('.md', '')}`;
const shelf = Array.from({ length: SHELF }, (_, i) => `shelf-${i}.md`);

async function main(): Promise<void> {
  const installation = await startInstallation();
  const browser = await launchBrowser();
  try {
    const phone = await Phone.local(installation.url);
    const { id: projectId, slug } = await phone.api.projects.create.mutate({ name: 'Bench' });
    const create = (path: string, kilobytes: number) =>
      phone.api.documents.create.mutate({ projectId, path, text: notebook(title(path), kilobytes) });
    const colds = (as: string) => Array.from({ length: COLD }, (_, i) => `cold-${as}-${i}.md`);
    const plain = '# Plain\n\nSome *words*, and no cell.\n';
    await phone.api.documents.create.mutate({ projectId, path: 'plain.md', text: plain });
    await phone.api.documents.create.mutate({ projectId, path: 'cell.md', text: `${plain}\n\`\`\`python\nprint(1)\n\`\`\`\n` });
    for (const path of [...shelf, ...colds('phone'), ...colds('desktop')]) await create(path, 10);
    for (const as of ['phone', 'desktop']) await create(`long-${as}.md`, LONG_KB);
    phone.close();
    const rows: [string, string, Figures][] = [];
    for (const [as, size, options] of [
      ['phone', '360 × 780', PHONE],
      ['desktop', '1440 × 900', DESKTOP],
    ] as const) {
      const context = await browser.newContext({ ...options, serviceWorkers: 'block' });
      // tsx names functions with a helper that the page does not have.
      await context.addInitScript('globalThis.__name = (made) => made');
      const { page } = await openPage(context);
      rows.push([as, size, await measure(page, { url: installation.url, slug, as, colds: colds(as) })]);
      await context.close();
    }
    print(rows);
  } finally {
    await browser.close();
    await installation.remove();
  }
}

async function measure(page: Page, at: { url: string; slug: string; as: string; colds: string[] }): Promise<Figures> {
  await signIn(page, at.url);
  const plainKb = await firstLoad(page, `${at.url}/p/${at.slug}/plain.md`);
  const cellKb = await firstLoad(page, `${at.url}/p/${at.slug}/cell.md`);
  const open = async (path: string) => {
    const menu = page.getByTestId('menu-button');
    if (at.as === 'phone') {
      await menu.tap();
      await page.getByTestId('doc-tree').waitFor();
    }
    return timeOpening(page, path, title(path));
  };
  const cold: number[] = [];
  for (const path of at.colds) {
    cold.push(await open(path));
    await saved(page);
  }
  for (const path of shelf) {
    await open(path);
    await saved(page);
  }
  const warm: number[] = [];
  const hot: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const path of shelf) {
      warm.push(await open(path));
      await saved(page);
    }
  }
  const recent = shelf.slice(-4);
  for (let round = 0; round < ROUNDS * 2; round++) for (const path of recent) hot.push(await open(path));
  const long = `long-${at.as}.md`;
  await open(long);
  await saved(page);
  await putCursor(page, at.as === 'phone');
  return { plainKb, cellKb, hot, warm, cold, keys: (await timeKeys(page, KEYS)).slice(5) };
}

/** Kilobytes of script until a document is shown and saved, with nothing of the page in the browser's cache. */
async function firstLoad(page: Page, address: string): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.clearBrowserCache');
  await page.goto(address);
  await saved(page);
  await page.waitForLoadState('networkidle');
  return scriptKilobytes(page);
}

const saved = (page: Page) => page.getByTestId('save-state').filter({ hasText: 'Saved' }).waitFor();

/** Into a paragraph in the middle of the document. */
async function putCursor(page: Page, touch: boolean): Promise<void> {
  await page.locator('.cm-scroller').evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  // Lines are drawn and measured as they come near: a place on the screen, when one has stood still there.
  const place = await page.waitForFunction(() => {
    const lines = [...document.querySelectorAll('.cm-line')].filter((line) => line.textContent?.startsWith('Some words about'));
    const boxes = lines.map((line) => line.getBoundingClientRect());
    const box = boxes.find(({ top, bottom }) => top > innerHeight * 0.3 && bottom < innerHeight * 0.7);
    const at = box && `${box.left + 40},${box.top + 8}`;
    const before = (window as unknown as { benchPlace?: string }).benchPlace;
    Object.assign(window, { benchPlace: at });
    return at !== undefined && at === before && at;
  });
  const [x, y] = String(await place.jsonValue())
    .split(',')
    .map(Number) as [number, number];
  if (touch) await page.touchscreen.tap(x, y);
  else await page.mouse.click(x, y);
  await page.locator('.cm-content[contenteditable=true]').waitFor();
}

function print(rows: readonly [string, string, Figures][]): void {
  const verdict = (values: readonly number[], goal: number) => `≤ ${goal}: ${percentile(values, 0.95) <= goal ? 'met' : 'missed'}`;
  const lines = rows.flatMap(([as, size, { plainKb, cellKb, hot, warm, cold, keys }]) => {
    const busy = keys.map((key) => key.busy);
    const painted = keys.map((key) => key.painted);
    const name = `${as}, ${size}`;
    return [
      [name, 'hot switch, ms', p50p95(hot), verdict(hot, 50)],
      [name, 'warm open, ms', p50p95(warm), verdict(warm, 100)],
      [name, 'cold open, ms', p50p95(cold), verdict(cold, 300)],
      [name, `a key in ${LONG_KB} KB: the page's work, ms`, p50p95(busy), verdict(busy, 16)],
      [name, `a key in ${LONG_KB} KB: until painted, with the wait for a frame, ms`, p50p95(painted), ''],
      ...(
        [
          ['first load of the editor, KB of script: a page of prose', plainKb],
          ['the same with a Python cell', cellKb],
        ] as const
      ).map(([what, kb]) => [name, what, kb.toFixed(0), `≤ 350: ${kb <= 350 ? 'met' : 'missed'}`]),
    ];
  });
  printTable('In the browser (WB9)', ['where', 'what', 'p50 / p95', 'goal, p95'], lines);
}

if (!browserPath) throw new Error('There is no Chromium to measure in. Set MARKCO_TEST_BROWSER to one, and try again.');
await main();
