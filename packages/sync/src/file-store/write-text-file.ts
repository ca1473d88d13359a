import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, renameSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { type TextShape, toFile } from '@markco/core/document/eol';
import { type FileStamp, isMissing, sha256, stampOf } from './text-file.ts';

/** Temporary files of projections start so; watchers and scans leave them out. */
export const TEMP_PREFIX = '.markco-tmp-';

export interface StagedWrite {
  /** SHA-256 hex of what will be the file. */
  readonly hash: string;
  readonly bytes: Buffer;
  readonly temp: string;
}

/** FB6, first half: the new bytes, on disk under a temporary name in the file's own folder (made if it is not there). */
export async function stageTextFile(file: string, text: string, shape: TextShape, mode: number | null): Promise<StagedWrite> {
  const bytes = Buffer.from(toFile(text, shape), 'utf8');
  await mkdir(path.dirname(file), { recursive: true });
  const temp = path.join(path.dirname(file), `${TEMP_PREFIX}${randomBytes(6).toString('hex')}`);
  const handle = await open(temp, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode ?? 0o666);
  try {
    await handle.writeFile(bytes);
    // The mode given to open() is cut by the umask.
    if (mode !== null) await handle.chmod(mode);
    await handle.sync();
  } catch (error) {
    await handle.close();
    await rm(temp, { force: true });
    throw error;
  }
  await handle.close();
  return { hash: sha256(bytes), bytes, temp };
}

export type CommitResult = { written: true; stamp: FileStamp; late: () => Buffer | null } | { written: false };

/**
 * FB6, second half: looks at the file once more and renames over it only if it still has `expected` (null: there is no file), without giving
 * up the thread in between. `late` reads what a program that had the replaced file open wrote into it all the same (null: nothing new), and
 * may be called once, later.
 */
export function commitTextFile(file: string, staged: StagedWrite, expected: string | null): CommitResult {
  const old = openExisting(file);
  try {
    const found = old === null ? null : sha256(readFileSync(old));
    if (found !== expected) return discard(old);
    renameSync(staged.temp, file);
  } catch (error) {
    discard(old);
    throw error;
  }
  const fd = openSync(file, 'r');
  const stamp = stampOf(fstatSync(fd));
  closeSync(fd);
  return { written: true, stamp, late: () => readLate(old, expected) };
}

function discard(fd: number | null): { written: false } {
  if (fd !== null) closeSync(fd);
  return { written: false };
}

function openExisting(file: string): number | null {
  try {
    return openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function readLate(fd: number | null, expected: string | null): Buffer | null {
  if (fd === null) return null;
  const size = fstatSync(fd).size;
  const bytes = Buffer.alloc(size);
  try {
    readInto(fd, bytes);
  } finally {
    closeSync(fd);
  }
  return sha256(bytes) === expected ? null : bytes;
}

function readInto(fd: number, bytes: Buffer): void {
  // From the start: readFileSync above moved the descriptor's position to the end.
  let at = 0;
  while (at < bytes.length) {
    const got = readSync(fd, bytes, at, bytes.length - at, at);
    if (got === 0) break;
    at += got;
  }
}
