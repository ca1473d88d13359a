import { projectPath } from '../shell/match-screen.ts';

const PAGES = new Set(['runs', 'devices', 'settings']);

/** WB10: the page that took the place of `/u/:userId/<rest>`. `rest`: the decoded parts of the path. */
export function oldAddress(rest: readonly string[]): string {
  const [first, ...more] = rest;
  if (first === undefined || first === 'projects') return more[0] ? projectPath(more[0], more.slice(1).join('/') || undefined) : '/';
  if (PAGES.has(first)) return first === 'runs' && more[0] ? `/runs/${encodeURIComponent(more[0])}` : `/${first}`;
  // The editor's addresses: /u/:userId/:project/:docPath, with or without a word before the project.
  const [project, ...doc] = ['p', 'edit', 'sync'].includes(first) && more.length > 0 ? more : rest;
  return projectPath(project!, doc.join('/') || undefined);
}
