import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { STATE_FOLDER } from './root-files.ts';
import { isMissing } from './text-file.ts';

/** FB7: puts a file away into the folder's own `.markco/trash`, under the time and its path; nothing where there is no file. */
export async function moveToTrash(dir: string, file: string): Promise<void> {
  const target = path.join(dir, STATE_FOLDER, 'trash', `${Date.now()}`, path.relative(dir, file));
  await mkdir(path.dirname(target), { recursive: true });
  await rename(file, target).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}
