import type { Locator, Page } from 'playwright-core';
import { until } from './installation.ts';

/** An open notebook in the browser, used as a person uses it: by looking, scrolling, tapping and typing. */
export class NotebookPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** What the page says about the edits (SY5). */
  saved(): Locator {
    return this.page.getByTestId('save-state');
  }

  /** Waits until the save state reads like this. */
  async says(words: string | RegExp, withinMs = 240_000): Promise<void> {
    await this.saved().filter({ hasText: words }).waitFor({ timeout: withinMs });
  }

  /** A part of a cell by its test id: `cell-run`, `cell-status`, `cell-output`, `ran-on`. */
  part(name: string, cell: number): Locator {
    return this.page.locator(`[data-testid="${name}"][data-cell-index="${cell}"]`);
  }

  /** Scrolls the document until the place is drawn, and brings it into view. Only what is near the screen is in the page. */
  async reveal(place: Locator): Promise<void> {
    const scroller = this.page.locator('.cm-scroller');
    // In one step: what was drawn a moment ago may be gone, when the document changed above it.
    const show = () =>
      place.evaluateAll(([element]) => {
        element?.scrollIntoView({ block: 'center' });
        return element !== undefined;
      });
    if (await show()) return;
    await scroller.evaluate((element) => element.scrollTo(0, 0));
    await until(`${place} is drawn`, async () => {
      if (await show()) return true;
      await scroller.evaluate((element) => element.scrollBy(0, element.clientHeight / 2));
      await this.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      if (await scroller.evaluate((element) => element.scrollTop + element.clientHeight >= element.scrollHeight - 1))
        await scroller.evaluate((element) => element.scrollTo(0, 0));
      return show();
    });
  }

  /** Taps Run above a cell. */
  async run(cell: number): Promise<void> {
    const button = this.part('cell-run', cell);
    await this.reveal(button);
    await button.tap();
  }

  /** Waits until the newest run of a cell says this in words, and answers them. */
  async status(cell: number, words: string | RegExp, withinMs = 240_000): Promise<string> {
    const line = this.part('cell-status', cell).filter({ hasText: words });
    await line.waitFor({ timeout: withinMs });
    return (await line.textContent()) ?? '';
  }

  /** Taps a line of text, so that editing begins there, and puts the cursor at its end. */
  async tapInto(text: string): Promise<void> {
    const line = this.page.locator('.cm-line', { hasText: text }).first();
    await this.reveal(line);
    // Beyond the end of its last row: `End` alone stops where a long line wraps.
    const box = (await line.boundingBox())!;
    await line.tap({ position: { x: box.width - 4, y: box.height - 8 } });
    await this.page.locator('.cm-content[contenteditable=true]').waitFor();
    await this.page.keyboard.press('End');
  }

  /** "Done" above the keyboard: back to reading. */
  async done(): Promise<void> {
    await this.page.getByRole('button', { name: 'Done', exact: true }).tap();
    await this.page.locator('.mk-mode-reading').waitFor();
  }
}
