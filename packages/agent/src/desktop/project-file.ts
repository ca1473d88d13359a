import { open } from 'node:fs/promises';
import path from 'node:path';
import { parseAssetPath } from '@markco/core/project/doc-path';
import { assertInside } from '@markco/sync/file-store/root-files';

/** What a window may show of a folder's files: pictures, at most 50 MB. */
const TYPES: Record<string, string> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.svg': 'image/svg+xml',
};
const MAX_BYTES = 50 * 1024 * 1024;

/** A picture a document names, relative to it or, with a slash in front, to the folder. Null where it is none, too large or outside. */
export async function readProjectPicture(root: string, docPath: string, link: string): Promise<{ bytes: Buffer; mimeType: string } | null> {
  const decoded = decode(link.split(/[?#]/)[0]!);
  if (decoded === null) return null;
  const joined = decoded.startsWith('/') ? decoded.slice(1) : path.posix.join(path.posix.dirname(docPath), decoded);
  const parsed = parseAssetPath(joined);
  const mimeType = TYPES[path.extname(joined).toLowerCase()];
  if (!parsed.ok || !mimeType) return null;
  const file = path.join(root, ...parsed.path.split('/'));
  // The file itself may be a link that leads out: what is inside it is asked as well.
  const inside = await assertInside(root, path.join(file, 'x')).then(
    () => true,
    () => false,
  );
  return inside ? readBounded(file, mimeType) : null;
}

async function readBounded(file: string, mimeType: string): Promise<{ bytes: Buffer; mimeType: string } | null> {
  const handle = await open(file, 'r').catch(() => null);
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    return size > MAX_BYTES ? null : { bytes: await handle.readFile(), mimeType };
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}

function decode(link: string): string | null {
  try {
    return decodeURIComponent(link);
  } catch {
    return null;
  }
}
