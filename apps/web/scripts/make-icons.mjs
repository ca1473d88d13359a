/** Draws public/icons/icon.svg as the PNGs of the manifest. Run by hand after the SVG changed: `node apps/web/scripts/make-icons.mjs`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const ICONS = join(import.meta.dirname, '../public/icons');
const svg = readFileSync(join(ICONS, 'icon.svg'), 'utf8');
/** Maskable: the platform cuts a shape out, so the ground reaches the edges and the mark stays within the safe 80 %. */
const full = svg
  .replace('rx="112" ', '')
  .replace('<path', '<g transform="translate(256 256) scale(.78) translate(-272 -264)"><path')
  .replace('</svg>', '</g></svg>');

const browser = await chromium.launch({
  executablePath: process.env.MARKCO_TEST_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
});
for (const [name, size, source] of [
  ['icon-192', 192, svg],
  ['icon-512', 512, svg],
  ['maskable-512', 512, full],
  ['apple-touch-icon', 180, full],
]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>*{margin:0}svg{display:block;width:100vw;height:100vh}</style>${source}`);
  await page.screenshot({ path: join(ICONS, `${name}.png`), omitBackground: true });
  await page.close();
}
await browser.close();
