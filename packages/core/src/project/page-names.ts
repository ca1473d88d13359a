import { isDocumentFile } from './scope.ts';

const DOCUMENT_ENDING = /\.q?md$/i;
// At most three digits: "2024-01-05-notes" is a date, not the 2,024th page.
const NUMBERED = /^(\d{1,3})-(?=.)/;
const collator = new Intl.Collator('en', { sensitivity: 'base' });

/** True for pages: documents that are neither hidden (`_name`), of the system (`.name`), `mrmd.md`, nor in the assets directory. */
export function isContent(path: string, assetsDirectory = '_assets'): boolean {
  if (!isDocumentFile(path) || isHidden(path) || isSystem(path)) return false;
  if (path === 'mrmd.md' || path.endsWith('/mrmd.md')) return false;
  return !`${path}/`.startsWith(`${assetsDirectory.replace(/\/+$/, '')}/`);
}

/** True when a file or folder in the path is named `_…`. */
export function isHidden(path: string): boolean {
  return path.split('/').some((name) => name.startsWith('_'));
}

/** True when a file or folder in the path is named `.…`. */
export function isSystem(path: string): boolean {
  return path.split('/').some((name) => name.startsWith('.'));
}

/** The name of a page or folder without its document ending. */
export function stemOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(DOCUMENT_ENDING, '');
}

/** True for the page of a folder: `index.md` or `index.qmd`. */
export function isIndex(path: string): boolean {
  return DOCUMENT_ENDING.test(path) && stemOf(path).toLowerCase() === 'index';
}

/** The name without its `NN-` prefix. */
export function withoutNumber(stem: string): string {
  return stem.replace(NUMBERED, '');
}

/** What people read: the front matter's title, else `02-getting-started` as "Getting Started"; an `index.md` has its folder's title. */
export function titleOf(path: string, frontMatterTitle?: unknown): string {
  if (typeof frontMatterTitle === 'string' && frontMatterTitle.trim() !== '') return frontMatterTitle.trim();
  if (isIndex(path)) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    return folder === '' ? 'Home' : titleOf(folder);
  }
  const words = withoutNumber(stemOf(path)).split(/[-_\s]+/);
  const title = words.map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join(' ');
  return title.trim() || stemOf(path);
}

/** Order of two paths: `NN-` prefixes first and by number, then by letters without regard to case; a folder's `index.md` before all in it. */
export function compareDocPaths(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  const shared = Math.min(left.length, right.length);
  for (let i = 0; i < shared; i++) {
    const order = compareNames(left[i]!, right[i]!, i === left.length - 1, i === right.length - 1);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareNames(a: string, b: string, aLast: boolean, bLast: boolean): number {
  if (a === b) return 0;
  const aIndex = aLast && isIndex(a);
  const bIndex = bLast && isIndex(b);
  if (aIndex !== bIndex) return aIndex ? -1 : 1;
  const aStem = stemOf(a);
  const bStem = stemOf(b);
  const byNumber = numberOf(aStem) - numberOf(bStem);
  if (byNumber !== 0) return byNumber;
  return collator.compare(withoutNumber(aStem), withoutNumber(bStem)) || (a < b ? -1 : 1);
}

function numberOf(stem: string): number {
  const number = NUMBERED.exec(stem)?.[1];
  return number === undefined ? 1000 : Number(number);
}
