/** What the address shows. */
export type Screen =
  | { name: 'projects' }
  | { name: 'project'; slug: string; docPath: string | null }
  | { name: 'runs' }
  | { name: 'run'; runId: string }
  | { name: 'devices' }
  | { name: 'settings' };

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The screen of a path, or null where there is none. Used by the server (404) and by the page (what to draw). */
export function matchScreen(pathname: string): Screen | null {
  const parts = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decode);
  if (parts.includes(null)) return null;
  const [first, second, ...rest] = parts as string[];
  if (first === undefined) return { name: 'projects' };
  if (first === 'p' && second !== undefined) return { name: 'project', slug: second, docPath: rest.length > 0 ? rest.join('/') : null };
  if (first === 'runs' && second !== undefined && rest.length === 0) return { name: 'run', runId: second };
  if (second !== undefined) return null;
  return first === 'runs' || first === 'devices' || first === 'settings' ? { name: first } : null;
}

/** The address of a project, or of a document in it. */
export const projectPath = (slug: string, docPath?: string): string =>
  `/p/${encodeURIComponent(slug)}${docPath ? `/${docPath.split('/').map(encodeURIComponent).join('/')}` : ''}`;
