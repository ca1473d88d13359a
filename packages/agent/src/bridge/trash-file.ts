import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { STATE_FOLDER } from '@markco/sync/file-store/root-files';

/** FB7: where files go that were deleted elsewhere: the desktop's trash, or `.markco/trash` where there is none. Never straight away. */
export async function trashFile(dir: string, file: string): Promise<void> {
  try {
    const { default: trash } = await import('trash');
    await trash(file, { glob: false });
  } catch {
    const target = path.join(dir, STATE_FOLDER, 'trash', `${Date.now()}`, path.relative(dir, file));
    await mkdir(path.dirname(target), { recursive: true });
    await rename(file, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}
