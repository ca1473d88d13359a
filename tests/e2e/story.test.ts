import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserMissing, browserPath, launchBrowser, openPage, PHONE, shoot, signIn } from '../lib/browser.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { markco, markcoDone } from '../lib/markco.ts';
import { NotebookPage } from '../lib/notebook-page.ts';
import { hashes, makeNotesFolder, writeNotebook } from '../lib/notes-folder.ts';
import { Phone } from '../lib/phone.ts';
import { TestLaptop } from '../lib/test-laptop.ts';

const NOTEBOOK = 'lab/notebook.md';
const WAITING = 'lab/waiting.md';
const CELLS = {
  count:
    "import os, time\nfor i in range(15):\n    print('count', i, flush=True)\n    while i == 2 and os.path.exists('hold'): time.sleep(0.02)\nprint('counted')",
  plot: "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.title('Squares')\nplt.show()",
  ask: "name = input('Your name? ')\nprint('hello', name)",
  slow: "import time\nopen('slow-runs.txt', 'a').write('x')\nfor i in range(40):\n    print('line', i, flush=True)\n    time.sleep(0.1)\nprint('all lines said')",
};
const fenced = (code: string) => `\`\`\`python\n${code}\n\`\`\`\n`;
const TEXT = `# Lab

A paragraph for the train.

A paragraph that two people change.

${Object.values(CELLS).map(fenced).join('\n')}
The end of the page.
`;
/** A session of its own: nothing has run in it yet, so nothing holds it in the cloud. */
const WAITING_TEXT = `---\nsession:\n  python:\n    name: waiting\n---\n\n# Waiting\n\n${fenced("open('once.txt', 'a').write('x')\nprint('ran once')")}`;
const cell = (name: keyof typeof CELLS) => Object.keys(CELLS).indexOf(name);

/** The product's promise, lived once on a phone from beginning to end: real processes, a real folder, a real browser. */
describe.skipIf(!browserPath)(`the story on a phone${browserMissing}`, () => {
  let installation: Installation;
  let api: Phone;
  let laptop: TestLaptop;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let problems: string[];
  let notebook: NotebookPage;
  const folder = makeNotesFolder(300);
  const onDisk = (path: string) => readFileSync(join(folder.root, path), 'utf8');
  /** What must never happen, whatever a test looks at: an edit of a file that nobody edited. */
  let before: Map<string, string>;

  const openInTree = async (path: string) => {
    await page.getByTestId('menu-button').tap();
    await page.locator(`[data-testid="doc-link"][data-path="${path}"]`).tap();
    await page.waitForURL(`**/${path}`);
    await page.getByTestId('doc-tree').waitFor({ state: 'detached' });
  };

  beforeAll(async () => {
    for (const [path, text] of [
      [NOTEBOOK, TEXT],
      [WAITING, WAITING_TEXT],
    ] as const)
      folder.files.push(writeNotebook(folder.root, path, text));
    before = hashes(folder.root, folder.files);
    installation = await startInstallation();
    api = await Phone.local(installation.url);
    laptop = new TestLaptop(api.api);
    browser = await launchBrowser();
    context = await browser.newContext({ ...PHONE, baseURL: installation.url });
    ({ page, problems } = await openPage(context, { offline: true }));
    notebook = new NotebookPage(page);
  });

  afterAll(async () => {
    await browser?.close();
    api?.close();
    await laptop?.remove();
    await installation?.remove();
    rmSync(folder.root, { recursive: true, force: true });
  });

  it('EL1 the code of the terminal is confirmed with a tap', async () => {
    await signIn(page, installation.url);
    await page.getByText('Notebooks that run, on every screen you have').waitFor();
    await shoot(page, '01-first-steps');
    const login = markco(laptop.dir, ['login', '--server', installation.url]);
    const code = await until('the code is shown', () => /\b([A-Z0-9]{4}-[A-Z0-9]{4})\b/.exec(login.output())?.[1]);
    await page.goto('/device');
    await page.getByLabel('The code your device shows').fill(code);
    await page.getByRole('button', { name: 'Continue' }).tap();
    await page.getByTestId('device-name').filter({ hasText: 'Test laptop' }).waitFor();
    await shoot(page, '02-let-it-in');
    await page.getByTestId('device-approve').tap();
    await page.getByText('It is connected').waitFor();
    expect(await login.done, login.output()).toBe(0);
  });

  it('FB1, WB1 a linked folder is a project on the phone, its computer online', async () => {
    await markcoDone(laptop.dir, ['link', folder.root, '--yes']);
    await laptop.start();
    // The page looks again every 20 s.
    await until('the server has all documents', async () => {
      const [project] = await api.api.projects.list.query();
      return project && (await api.api.projects.documents.query({ projectId: project.id })).length === folder.files.length;
    });
    await page.goto('/');
    const card = page.getByTestId('project-card');
    await card.filter({ hasText: `${folder.files.length} documents` }).waitFor();
    await card.getByText('Online').waitFor({ state: 'attached' });
    await shoot(page, '03-dashboard');
    await page.goto('/devices');
    const device = page.getByTestId('device-card').filter({ hasText: 'Test laptop' });
    await device.getByTestId('device-presence').filter({ hasText: 'Online' }).waitFor();
    await shoot(page, '04-devices');
  });

  it('WB2 the notebook opens with taps; all documents are in the tree', async () => {
    await page.goto('/');
    await page.getByTestId('project-card').getByRole('link').tap();
    await page.getByTestId('editor').waitFor();
    await page.getByTestId('menu-button').tap();
    const links = page.getByTestId('doc-tree').getByTestId('doc-link');
    await until('all documents are in the tree', async () => (await links.count()) === folder.files.length);
    const paths = await links.evaluateAll((all) => all.map((link) => (link as HTMLElement).dataset.path));
    expect(new Set(paths)).toEqual(new Set(folder.files));
    await shoot(page, '05-tree');
    await page.locator(`[data-testid="doc-link"][data-path="${NOTEBOOK}"]`).tap();
    await page.waitForURL(`**/${NOTEBOOK}`);
    await notebook.says('Saved');
    await page.locator('.cm-line', { hasText: 'A paragraph for the train.' }).waitFor();
    await shoot(page, '06-notebook');
  });

  it('FB8, SY5, WB4 edits with the computer off, offline and across a reload reach the file byte-exact', async () => {
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await laptop.stop();
    await notebook.tapInto('A paragraph for the train.');
    await page.keyboard.type(' Typed while the computer is off.');
    await notebook.says('Saved');
    await context.setOffline(true);
    await page.keyboard.type(' Typed in a tunnel.');
    await notebook.says(/\d+ edits? only on this phone/);
    await shoot(page, '07-offline');
    await page.reload();
    await page.locator('.cm-line', { hasText: 'Typed in a tunnel.' }).waitFor();
    await notebook.says(/\d+ edits? only on this phone/);
    await shoot(page, '08-offline-after-reload');
    await notebook.tapInto('Typed in a tunnel.');
    await page.keyboard.type(' And after a reload.');
    await notebook.says(/\d+ edits? only on this phone/);
    await context.setOffline(false);
    await notebook.says('Saved');
    await notebook.done();
    expect(onDisk(NOTEBOOK)).toBe(TEXT);
    await laptop.start();
    const expected = TEXT.replace('the train.', 'the train. Typed while the computer is off. Typed in a tunnel. And after a reload.');
    await expect.poll(() => onDisk(NOTEBOOK)).toBe(expected);
    const after = hashes(folder.root, folder.files);
    expect(folder.files.filter((file) => after.get(file) !== before.get(file))).toEqual([NOTEBOOK]);
  });

  it('FB5 the phone and another editor in one paragraph: both edits on both sides', async () => {
    await notebook.tapInto('A paragraph that two people change.');
    await page.keyboard.type(' The phone writes');
    await until('the first letters are in the file', () => onDisk(NOTEBOOK).includes('change. The phone writes\n'));
    const typing = page.keyboard.type(' this, letter by letter.', { delay: 25 });
    // At once: no letter more is in the file yet, and this editor overwrites none.
    writeFileSync(join(folder.root, NOTEBOOK), onDisk(NOTEBOOK).replace('A paragraph that two', 'A short paragraph that two'));
    await typing;
    const merged = 'A short paragraph that two people change. The phone writes this, letter by letter.';
    await until('the file has both', () => onDisk(NOTEBOOK).includes(`\n${merged}\n`));
    await page.locator('.cm-line', { hasText: merged }).waitFor();
    await notebook.done();
    await shoot(page, '09-two-editors');
  });

  it('WB6, RU22 a tap on Run: output streams in, stands in the document and the file, and says where it ran', async () => {
    const hold = join(folder.root, 'hold');
    writeFileSync(hold, '');
    await notebook.run(cell('count'));
    const output = notebook.part('cell-output', cell('count'));
    await output.filter({ hasText: 'count 2' }).waitFor();
    // Streaming, not delivered at the end: lines stand here while the run goes on.
    const state = () => notebook.part('cell-status', cell('count')).getAttribute('data-state');
    await until('the run is running', async () => (await state()) === 'running');
    await shoot(page, '10-streaming');
    rmSync(hold);
    await notebook.status(cell('count'), 'Done');
    await output.filter({ hasText: 'counted' }).waitFor();
    expect(await notebook.part('ran-on', cell('count')).textContent()).toMatch(/^ran on Test laptop · \d/);
    await until('the output stands in the file', () => /```output:[^\n]+\ncount 0\n[^`]+counted\n```/.test(onDisk(NOTEBOOK)));
    await shoot(page, '11-ran-on-laptop');
  });

  it('RU5 with the computer away the same cell runs in the cloud and says so', async () => {
    await laptop.stop();
    await notebook.run(cell('count'));
    await notebook
      .part('ran-on', cell('count'))
      .filter({ hasText: /^Cloud · .+ · fresh session$/ })
      .waitFor();
    await notebook.status(cell('count'), 'Done');
    await notebook.part('cell-output', cell('count')).filter({ hasText: 'counted' }).waitFor();
    await page.getByTestId('run-note').filter({ hasText: 'in the cloud because Test laptop was offline' }).waitFor();
    await shoot(page, '12-ran-in-cloud');
  });

  it('RU8 without the fallback it waits and says so, and runs once when the computer is back', async () => {
    await page.goto('/settings');
    const fallback = page.getByRole('switch', { name: 'Run in the cloud when my computer is away' });
    await fallback.tap();
    await page.locator('[role=switch][aria-checked=false]').first().waitFor();
    await until('the setting is kept', async () => !(await api.api.auth.me.query()).settings.fallbackToCloud);
    await shoot(page, '13-settings');
    await page.goto('/');
    await page.getByTestId('project-card').getByRole('link').tap();
    await page.getByTestId('editor').waitFor();
    await openInTree(WAITING);
    await notebook.run(0);
    await notebook.status(0, /^Waiting for Test laptop/);
    await until('the server has the run', async () => (await notebook.part('cell-status', 0).getAttribute('data-state')) === 'queued');
    await page
      .getByTestId('run-note')
      .filter({ hasText: /^Waiting since \d\d:\d\d\./ })
      .waitFor();
    await page.getByRole('button', { name: 'Run in the cloud instead' }).waitFor();
    await shoot(page, '14-waiting');
    await laptop.start();
    await notebook.status(0, 'Done');
    expect(await notebook.part('ran-on', 0).textContent()).toMatch(/^ran on Test laptop/);
    expect(onDisk('once.txt')).toBe('x');
    await shoot(page, '15-ran-after-waiting');
  });

  it('RU6 after the cloud the way back is offered, and taken with a tap', async () => {
    await openInTree(NOTEBOOK);
    // Its agent began anew meanwhile, so that the variables are not there any more, and nobody says so.
    const back = page.getByRole('button', { name: 'Run on Test laptop', exact: true });
    await notebook.reveal(notebook.part('cell-status', cell('count')));
    await back.tap();
    await notebook
      .part('ran-on', cell('count'))
      .filter({ hasText: /^ran on Test laptop/ })
      .waitFor();
  });

  it('RU20, RU22 the runs of a cell are in its menu, each with its place and its output', async () => {
    await page.getByRole('button', { name: `Run options for cell ${cell('count') + 1}` }).tap();
    await page.getByRole('menuitem', { name: /^Runs of this cell/ }).tap();
    const rows = page.getByTestId('run-row');
    await rows.filter({ hasText: 'ran on Test laptop' }).first().waitFor();
    await rows.filter({ hasText: 'Cloud' }).getByRole('button').tap();
    await page.getByTestId('run-detail').filter({ hasText: 'counted' }).waitFor();
    await shoot(page, '15-run-of-the-past');
    await page.getByRole('button', { name: 'Close', exact: true }).tap();
    await page.getByTestId('run-detail').waitFor({ state: 'detached' });
  });

  it.skipIf(!process.env.MARKCO_TEST_PYTHON)('RU19 a plot is an image on the phone and a file in the folder', async () => {
    await notebook.run(cell('plot'));
    await notebook.status(cell('plot'), 'Done');
    const image = notebook.part('cell-output', cell('plot')).locator('img');
    await notebook.reveal(image);
    await until('the image has loaded', () =>
      image.evaluate((element: HTMLImageElement) => element.complete && element.naturalWidth > 100),
    );
    await until('the file shows it', () => /!\[[^\]]*\]\([^)]+\.png\)/.test(onDisk(NOTEBOOK)));
    await shoot(page, '16-plot');
  });

  it('RU14 input() is answered in the page', async () => {
    await notebook.run(cell('ask'));
    const field = page.getByTestId('run-input');
    await field.waitFor();
    await page.getByLabel('Your name?').fill('Ada');
    await shoot(page, '17-input');
    await page.getByTestId('run-input-send').tap();
    await notebook.part('cell-output', cell('ask')).filter({ hasText: 'hello Ada' }).waitFor();
  });

  it('SY4, RU16 kill -9 of relay and web while typing and running: nothing is lost, the run ends complete, once', async () => {
    await notebook.run(cell('slow'));
    await notebook.part('cell-output', cell('slow')).filter({ hasText: 'line 2' }).waitFor();
    await notebook.tapInto('The end of the page.');
    const words = Array.from({ length: 60 }, (_, i) => ` word${i}`);
    const typing = page.keyboard.type(words.join(''), { delay: 15 });
    await installation.kill9('sync');
    await installation.kill9('web');
    await typing;
    await notebook.says('Saved');
    await notebook.done();
    await expect.poll(() => onDisk(NOTEBOOK)).toContain(words.join(''));
    await notebook.reveal(notebook.part('cell-status', cell('slow')));
    await notebook.status(cell('slow'), 'Done');
    const lines = `${Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join('')}all lines said`;
    const shown = notebook.part('cell-output', cell('slow')).locator('pre');
    await until('the page shows all of it, once', async () => (await shown.textContent())?.trim() === lines);
    await until('the output stands in the file', () => onDisk(NOTEBOOK).includes(`\n${lines}\n\`\`\``));
    expect(onDisk('slow-runs.txt')).toBe('x');
    await shoot(page, '18-after-the-kills');
  });

  it('nothing else changed, and the page had no error', () => {
    const after = hashes(folder.root, folder.files);
    expect(folder.files.filter((file) => after.get(file) !== before.get(file))).toEqual([NOTEBOOK, WAITING]);
    expect(problems).toEqual([]);
  });
});
