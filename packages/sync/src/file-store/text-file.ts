import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { detectShape, type TextShape, toDocument } from '@markco/core/document/eol';
import { MAX_DOC_BYTES } from '@markco/core/project/scope';

/** A document's file as it stands on disk. `hash`: SHA-256 hex of its bytes. */
export interface TextFile {
  readonly status: 'ok';
  readonly text: string;
  readonly shape: TextShape;
  readonly hash: string;
  readonly stamp: FileStamp;
  readonly mode: number;
}
/** FB2: a file that can be listed, not edited. */
export interface UnusableFile {
  readonly status: 'too_large' | 'read_only';
  readonly stamp: FileStamp;
}
/** Tells "the same bytes as before" without reading them; times in milliseconds. */
export interface FileStamp {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Null where there is no such file (or a folder stands there). Rejects on any other failure: "can't read" is not "gone" (FB7). */
export async function readTextFile(file: string): Promise<TextFile | UnusableFile | null> {
  try {
    const stats = await lstat(file);
    const stamp = stampOf(stats);
    // Following a link could read, and later replace, something outside of the project.
    if (stats.isSymbolicLink()) return { status: 'read_only', stamp };
    if (!stats.isFile()) return null;
    if (stats.size > MAX_DOC_BYTES) return { status: 'too_large', stamp };
    const bytes = await readFile(file);
    const decoded = decodeText(bytes);
    return decoded ? { status: 'ok', ...decoded, hash: sha256(bytes), stamp, mode: stats.mode & 0o7777 } : { status: 'read_only', stamp };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** The document's text of a file's bytes, null where they are not UTF-8. */
export function decodeText(bytes: Uint8Array): { text: string; shape: TextShape } | null {
  let raw: string;
  try {
    raw = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
  const shape = detectShape(raw);
  return { text: toDocument(raw, shape), shape };
}

export function stampOf(stats: Stats): FileStamp {
  return { ino: stats.ino, size: stats.size, mtimeMs: stats.mtimeMs };
}

/** Null where there is no such file. */
export async function readStamp(file: string): Promise<FileStamp | null> {
  try {
    const stats = await lstat(file);
    return stats.isFile() ? stampOf(stats) : null;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export function sameStamp(a: FileStamp | null, b: FileStamp | null): boolean {
  return a !== null && b !== null && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** SHA-256 in hex; a string counts as its UTF-8 bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
