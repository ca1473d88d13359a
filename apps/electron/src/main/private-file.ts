import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { FileLike } from './token-store.ts';

/** A file only this person may read (0600), replaced in one step. */
export function privateFile(file: string): FileLike {
  return {
    read: () => readFile(file).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? null : Promise.reject(error))),
    write: async (bytes) => {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      const handle = await open(`${file}.new`, 'w', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      // A file that was left behind may have been made with another mask.
      await chmod(`${file}.new`, 0o600);
      await rename(`${file}.new`, file);
    },
    remove: () => rm(file, { force: true }),
  };
}
