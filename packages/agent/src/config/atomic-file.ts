import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '@markco/sync/file-store/sync-folder';

/**
 * Replaces a file in one step: temporary file in the same folder, fsync, rename. `mode` defaults to 0600, as these files are private.
 * @param durable false where what the file says is worth nothing after a power cut: no fsync
 */
export async function writeAtomic(file: string, data: string | Uint8Array, mode = 0o600, durable = true): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(data);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (durable) await syncFolder(path.dirname(file));
}

/** The file's text, or null where there is none. */
export async function readIfExists(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** True for "no such file or folder". */
export const isMissing = (error: unknown): boolean => errorCode(error) === 'ENOENT';

/** The `code` of a Node error, or undefined. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
