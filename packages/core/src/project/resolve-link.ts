import { foldKey } from './fold-key.ts';
import { isIndex, stemOf, withoutNumber } from './page-names.ts';

/** Where a link leads: a page of the project, and the part after '#'. */
export type ResolvedLink = { path: string; fragment?: string };

/**
 * The page a `[[target]]` means, seen from `fromPath`: `next`, `prev`, `home`, `up`; else the exact path (from the root, then from the
 * folder of the page, ending optional), else the file name, nearest first. `target` may carry `#heading` and `|label`. Null: no such page.
 * `orderedPaths` are the project's pages in order (`flattenTree`).
 */
export function resolveLink(target: string, fromPath: string, orderedPaths: readonly string[]): ResolvedLink | null {
  const plain = (target.split('|', 1)[0] ?? '').trim();
  const hash = plain.indexOf('#');
  const name = (hash < 0 ? plain : plain.slice(0, hash)).trim();
  const fragment = hash < 0 ? '' : plain.slice(hash + 1).trim();
  const path = name === '' && fragment !== '' ? fromPath : findPage(name, fromPath, orderedPaths);
  if (path === undefined) return null;
  return fragment === '' ? { path } : { path, fragment };
}

function findPage(name: string, fromPath: string, ordered: readonly string[]): string | undefined {
  const special = name.toLowerCase();
  if (special === 'next' || special === 'prev') {
    const at = ordered.indexOf(fromPath);
    return at < 0 ? undefined : ordered[at + (special === 'next' ? 1 : -1)];
  }
  if (special === 'home') return homeOf(ordered);
  if (special === 'up') return upFrom(fromPath, ordered);
  return name === '' ? undefined : (byPath(name, fromPath, ordered) ?? byName(name, fromPath, ordered));
}

function homeOf(ordered: readonly string[]): string | undefined {
  return ordered.find((path) => !path.includes('/') && isIndex(path)) ?? ordered[0];
}

function upFrom(fromPath: string, ordered: readonly string[]): string | undefined {
  const home = homeOf(ordered);
  if (fromPath === home) return undefined;
  let folder = folderOf(isIndex(fromPath) ? folderOf(fromPath) : fromPath);
  while (folder !== '') {
    const index = ordered.find((path) => folderOf(path) === folder && isIndex(path));
    if (index !== undefined) return index;
    folder = folderOf(folder);
  }
  return home;
}

function byPath(name: string, fromPath: string, ordered: readonly string[]): string | undefined {
  const rooted = normalise(name.replace(/^\/+/, ''));
  const relative = name.startsWith('/') ? null : normalise(`${folderOf(fromPath)}/${name}`);
  for (const wanted of [rooted, relative]) {
    if (wanted === null) continue;
    const keys = new Set([wanted, `${wanted}.md`, `${wanted}.qmd`, `${wanted}/index.md`, `${wanted}/index.qmd`].map(foldKey));
    const found = ordered.find((path) => path === wanted) ?? ordered.find((path) => keys.has(foldKey(path)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function byName(name: string, fromPath: string, ordered: readonly string[]): string | undefined {
  if (name.includes('/')) return undefined;
  const wanted = foldKey(stemOf(name));
  const slug = wanted.replace(/[\s_]+/g, '-');
  const matches = (path: string): number => {
    const stem = foldKey(stemOf(path));
    if (stem === wanted) return 2;
    return withoutNumber(stem).replace(/[\s_]+/g, '-') === slug ? 1 : 0;
  };
  for (const quality of [2, 1]) {
    const found = ordered.filter((path) => matches(path) === quality);
    if (found.length > 0) return found.find((path) => folderOf(path) === folderOf(fromPath)) ?? found[0];
  }
  return undefined;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Takes '.' and '..' out; null when the path leaves the project. */
function normalise(path: string): string | null {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      if (kept.pop() === undefined) return null;
    } else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  return kept.join('/');
}
