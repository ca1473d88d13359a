import type { Page } from 'playwright-core';

/** WB8, by hand: what keeps people from reading or operating the page as it stands now; empty when nothing does. */
export const pageFaults = (page: Page): Promise<string[]> => page.evaluate(findFaults);

/** Runs in the page, so it holds everything it needs. */
function findFaults(): string[] {
  const faults: string[] = [];
  const shown = (element: Element): boolean => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const every = (selector: string): HTMLElement[] => [...document.querySelectorAll<HTMLElement>(selector)].filter(shown);
  const told = (element: Element): string => element.outerHTML.slice(0, 120);
  const referred = (element: Element): string =>
    (element.getAttribute('aria-labelledby') ?? '')
      .split(/\s+/)
      .map((id) => (id && document.getElementById(id)?.textContent) || '')
      .join(' ');
  const named = (element: HTMLElement): boolean =>
    [element.getAttribute('aria-label'), referred(element), element.textContent, element.title, element.querySelector('img')?.alt].some(
      (name) => (name ?? '').trim() !== '',
    );

  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth) faults.push(`the page scrolls sideways: ${root.scrollWidth} px in ${window.innerWidth}`);
  if (!root.lang) faults.push('the page names no language');
  if (document.title.trim() === '') faults.push('the page has no title');
  if (every('h1').length !== 1) faults.push(`the page has ${every('h1').length} first headings`);
  if (every('main').length !== 1) faults.push(`the page has ${every('main').length} main landmarks`);
  for (const element of every('button,a[href],[role=button],[role=switch],[role=menuitem],summary'))
    if (!named(element)) faults.push(`no name: ${told(element)}`);
  for (const element of every('input:not([type=hidden]),select,textarea,[contenteditable=true]')) {
    const labels = (element as HTMLInputElement).labels;
    if (!labels?.length && !element.getAttribute('aria-label') && !referred(element).trim()) faults.push(`no label: ${told(element)}`);
  }
  for (const image of every('img:not([aria-hidden=true])')) if (!image.hasAttribute('alt')) faults.push(`no alternative: ${told(image)}`);
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of new Set(ids.filter((each, index) => ids.indexOf(each) !== index))) faults.push(`two elements are called ${id}`);

  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const paint = canvas.getContext('2d', { willReadFrequently: true })!;
  const rgba = (color: string): number[] => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = color;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r!, g!, b!, a! / 255];
  };
  const over = ([r, g, b, a]: number[], below: number[]): number[] =>
    [r!, g!, b!].map((value, i) => value * a! + below[i]! * (1 - a!)).concat(1);
  const ground = (element: Element | null): number[] => {
    if (!element) return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18, 1] : [255, 255, 255, 1];
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, ground(element.parentElement));
  };
  const light = (color: number[]): number => {
    const [r, g, b] = color.slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  const seen = new Set<string>();
  for (const element of every('body *')) {
    const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && (node.textContent ?? '').trim() !== '');
    // WCAG asks nothing of what cannot be used now.
    if (!text || element.closest(':disabled,[aria-disabled=true],[aria-hidden=true]')) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const [one, two] = [light(over(rgba(style.color), below)), light(below)].sort((a, b) => b - a);
    const ratio = (one! + 0.05) / (two! + 0.05);
    const size = Number.parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    const words = `contrast ${ratio.toFixed(1)} of ${element.className || element.tagName}`;
    if (ratio < needed - 0.01 && !seen.has(words)) faults.push(`${words}: ${told(element)}`);
    seen.add(words);
  }
  return faults;
}
