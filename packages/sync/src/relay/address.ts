import { docPathFromUrl } from '@markco/core/project/doc-path';

/** Which document a socket asks for. */
export interface SyncAddress {
  readonly userId: string;
  readonly project: string;
  readonly docPath: string;
}

// What y-websocket puts between server address and room name.
const PATTERNS = [/^\/+sync\/([^/]+)\/([^/]+)\/(.+)$/, /^\/+u\/([^/]+)\/sync\/([^/]+)\/(.+)$/];

/** SY1: the address in a request's target, `/sync/:user/:project/:path` or `/u/:user/sync/:project/:path`; or why it is none. */
export function parseSyncAddress(target: string): { ok: true; address: SyncAddress } | { ok: false; reason: string } {
  const pathname = target.split('?', 1)[0]!;
  for (const pattern of PATTERNS) {
    const match = pattern.exec(pathname);
    if (!match) continue;
    const userId = decodeSegment(match[1]!);
    const project = decodeSegment(match[2]!);
    if (userId === null || project === null) return { ok: false, reason: 'The address has a broken percent escape.' };
    const path = docPathFromUrl(match[3]!);
    return path.ok ? { ok: true, address: { userId, project, docPath: path.path } } : path;
  }
  return { ok: false, reason: 'The address is not /sync/<user>/<project>/<document>.' };
}

function decodeSegment(raw: string): string | null {
  try {
    return decodeURIComponent(raw);
  } catch {
    return null;
  }
}
