import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { launchBrowser, openPage, signIn } from '../lib/browser.ts';
import { startInstallation, until } from '../lib/installation.ts';
import { NotebookPage } from '../lib/notebook-page.ts';
import { Phone } from '../lib/phone.ts';
import { AdaLaptop } from './ada-laptop.ts';
import { type CELLS, cellAt, NOTEBOOK } from './notebook.ts';
import { smallPng } from './small-png.ts';

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } as const;

type Scene = { page: Page; notebook: NotebookPage; laptop: AdaLaptop; shot(name: string): Promise<void> };

/** Of which moments the small set has a dark picture too. */
const DARK = new Set(['plot', 'waiting']);

/** The picture of one moment, light and dark. */
async function take(page: Page, folder: string, name: string): Promise<void> {
  for (const [colorScheme, ending] of [
    ['light', ''],
    ['dark', '-dark'],
  ] as const) {
    if (colorScheme === 'dark' && !all && !DARK.has(name)) continue;
    await page.emulateMedia({ colorScheme });
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    writeFileSync(join(folder, `${name}${ending}.png`), smallPng(await page.screenshot()));
  }
  await page.emulateMedia({ colorScheme: 'light' });
  console.info(`${name}.png`);
}

/** Brings a cell's own part into view with what belongs to it. */
async function look(notebook: NotebookPage, place: Locator, block: 'center' | 'end' = 'end'): Promise<void> {
  await notebook.reveal(place);
  await place.first().evaluate((element, block) => element.closest('.mk-cell-foot, .mk-cell-head')?.scrollIntoView({ block }), block);
}

const runAndLook = async ({ notebook }: Scene, name: keyof typeof CELLS, ending: string | RegExp = 'Done') => {
  await notebook.run(cellAt(name));
  await notebook.status(cellAt(name), ending);
  await look(notebook, notebook.part('cell-status', cellAt(name)));
};

/** "Run options" of a cell, opened. */
async function openRunMenu({ page, notebook }: Scene, name: keyof typeof CELLS): Promise<void> {
  const button = page.getByRole('button', { name: `Run options for cell ${cellAt(name) + 1}` });
  await notebook.reveal(button);
  await button.tap();
  await page.getByRole('menu').waitFor();
}

async function atTheComputer(scene: Scene): Promise<void> {
  const { page, notebook, shot } = scene;
  await notebook.run(cellAt('fit'));
  await notebook.part('cell-output', cellAt('fit')).filter({ hasText: 'fold 4' }).waitFor();
  await look(notebook, notebook.part('cell-status', cellAt('fit')));
  await shot('streaming');
  await notebook.status(cellAt('fit'), 'Done');
  await runAndLook(scene, 'plot');
  await until('the plot is drawn', () =>
    notebook
      .part('cell-output', cellAt('plot'))
      .locator('img')
      .evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0),
  );
  await look(notebook, notebook.part('cell-status', cellAt('plot')));
  await shot('plot');
  await runAndLook(scene, 'table', /Done|Error|Failed/);
  const table = notebook.part('cell-output', cellAt('table'));
  await table.locator('table, .mk-error').first().waitFor();
  if (await table.locator('table').count()) await shot('table');
  else console.info('table.png was left out: this Python has no pandas');
  await runAndLook(scene, 'broken', /Failed|Error/);
  await notebook.part('cell-output', cellAt('broken')).locator('summary').tap();
  await look(notebook, notebook.part('cell-status', cellAt('broken')));
  await shot('traceback');
  await runAndLook(scene, 'fit');
  await openRunMenu(scene, 'fit');
  await shot('run-menu');
  await page.getByRole('menuitem', { name: /^Runs of this cell/ }).tap();
  await page.getByTestId('run-row').nth(1).waitFor();
  await shot('history');
  await page.getByTestId('run-row').nth(1).getByRole('button').tap();
  await page.getByTestId('run-detail').filter({ hasText: 'fold 8' }).waitFor();
  await shot('history-run');
  await page.getByRole('button', { name: 'Close' }).tap();
}

async function contactLost({ notebook, laptop, shot }: Scene): Promise<void> {
  const cell = cellAt('long');
  await notebook.run(cell);
  await notebook.part('cell-output', cell).filter({ hasText: 'step 3' }).waitFor();
  laptop.freeze();
  await notebook.status(cell, /^Lost contact/);
  await look(notebook, notebook.part('cell-status', cell));
  await shot('lost-contact');
  laptop.thaw();
  await notebook.status(cell, 'Done');
}

async function away(scene: Scene): Promise<void> {
  const { page, notebook, laptop, shot } = scene;
  const cell = cellAt('sum');
  await laptop.leave();
  await runAndLook(scene, 'sum', /Failed|NameError/);
  await shot('fallback');
  await page.getByRole('button', { name: /when it is back$/ }).tap();
  await notebook.status(cell, /^Waiting for/);
  await page.getByRole('button', { name: 'Run in the cloud instead' }).waitFor();
  await look(notebook, notebook.part('cell-status', cell));
  await shot('waiting');
}

const folder = process.argv[2] ?? '.';
const all = process.argv[3] === 'all';
mkdirSync(folder, { recursive: true });
const installation = await startInstallation();
const phone = await Phone.local(installation.url);
let laptop: AdaLaptop | null = null;
const browser = await launchBrowser();
try {
  laptop = await AdaLaptop.start(installation, phone, NOTEBOOK);
  const [project] = await phone.api.projects.list.query();
  const context = await browser.newContext(PHONE);
  const { page } = await openPage(context);
  await signIn(page, installation.url, `/p/${project!.slug}/report.md`);
  await page.getByTestId('editor').waitFor();
  const scene: Scene = { page, notebook: new NotebookPage(page), laptop, shot: (name) => take(page, folder, name) };
  await scene.notebook.says('Saved');
  await atTheComputer(scene);
  await contactLost(scene);
  await away(scene);
} finally {
  await browser.close();
  phone.close();
  await laptop?.remove();
  await installation.remove();
}
