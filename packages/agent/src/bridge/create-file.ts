import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@markco/core/errors';
import { parseDocPath } from '@markco/core/project/doc-path';
import { assertInside } from '@markco/sync/file-store/root-files';

/**
 * Writes a new file into a linked folder (EL3), and the folders above it. Returns its path as documents are named. Rejects with `bad_request`
 * where the path is not allowed, and with `conflict` where something is there.
 */
export async function createFile(root: string, documentPath: string, text: string): Promise<string> {
  const parsed = parseDocPath(documentPath);
  if (!parsed.ok) throw new AppError('bad_request', parsed.reason);
  const file = path.join(root, parsed.path);
  await assertInside(root, file);
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw new AppError('conflict', `${parsed.path} is there already. Choose another name.`);
    throw error;
  });
  await handle.writeFile(text).finally(() => handle.close());
  return parsed.path;
}
