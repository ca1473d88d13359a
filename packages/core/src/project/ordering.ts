import { compareDocPaths, isContent, isIndex, stemOf, titleOf } from './page-names.ts';

export { compareDocPaths, isContent, isHidden, isIndex, isSystem, titleOf } from './page-names.ts';
export { type ResolvedLink, resolveLink } from './resolve-link.ts';

/** A page, or a folder with pages; `indexPath` is the folder's own page, which is not among its children. */
export type TreeNode = { kind: 'file' | 'folder'; name: string; title: string; path: string; indexPath?: string; children: TreeNode[] };

export type TreeOptions = {
  /** `nav.order` of mrmd.md: paths of pages and folders, with or without ending; what it names comes first. */
  navOrder?: readonly string[];
  /** Front matter titles by path. */
  titles?: ReadonlyMap<string, string>;
  assetsDirectory?: string;
};

/** The pages of a project as people see them, in order. Takes any paths; what is no content is left out. */
export function buildTree(paths: readonly string[], options: TreeOptions = {}): TreeNode[] {
  const root: TreeNode = { kind: 'folder', name: '', title: '', path: '', children: [] };
  const folders = new Map<string, TreeNode>([['', root]]);
  for (const path of new Set(paths)) {
    if (!isContent(path, options.assetsDirectory)) continue;
    const slash = path.lastIndexOf('/');
    const folder = folderAt(folders, path.slice(0, Math.max(0, slash)));
    const title = titleOf(path, options.titles?.get(path));
    if (isIndex(path) && folder !== root && folder.indexPath === undefined) {
      folder.indexPath = path;
      folder.title = title;
    } else folder.children.push({ kind: 'file', name: path.slice(slash + 1), title, path, children: [] });
  }
  const ranks = navRanks(options.navOrder ?? []);
  for (const folder of folders.values()) sortNodes(folder.children, ranks);
  return root.children;
}

/** The pages of a tree from first to last: a folder's own page, then what is in it. */
export function flattenTree(nodes: readonly TreeNode[]): string[] {
  const ordered: string[] = [];
  const waiting = [...nodes].reverse();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.kind === 'file') ordered.push(node.path);
    if (node.indexPath !== undefined) ordered.push(node.indexPath);
    for (let i = node.children.length - 1; i >= 0; i--) waiting.push(node.children[i]!);
  }
  return ordered;
}

function folderAt(folders: Map<string, TreeNode>, path: string): TreeNode {
  const missing: string[] = [];
  let known = path;
  while (!folders.has(known)) {
    missing.push(known);
    known = known.slice(0, Math.max(0, known.lastIndexOf('/')));
  }
  let parent = folders.get(known)!;
  for (const next of missing.reverse()) {
    const name = next.slice(next.lastIndexOf('/') + 1);
    const node: TreeNode = { kind: 'folder', name, title: titleOf(name), path: next, children: [] };
    parent.children.push(node);
    folders.set(next, node);
    parent = node;
  }
  return parent;
}

/** Place of each named page and folder; a folder is named by the first thing in it that is. */
function navRanks(navOrder: readonly string[]): Map<string, number> {
  const ranks = new Map<string, number>();
  navOrder.forEach((entry, rank) => {
    let key = navKey(entry);
    while (key !== '') {
      if (!ranks.has(key)) ranks.set(key, rank);
      key = key.slice(0, Math.max(0, key.lastIndexOf('/')));
    }
  });
  return ranks;
}

function navKey(path: string): string {
  const trimmed = path.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
  return trimmed.slice(0, trimmed.lastIndexOf('/') + 1) + stemOf(trimmed);
}

function sortNodes(nodes: TreeNode[], ranks: Map<string, number>): void {
  const rank = (node: TreeNode): number => ranks.get(navKey(node.path)) ?? Number.MAX_SAFE_INTEGER;
  nodes.sort((a, b) => rank(a) - rank(b) || compareDocPaths(a.name, b.name) || (a.kind < b.kind ? -1 : 1));
}
