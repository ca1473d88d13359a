import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { type DocumentMeta, readMeta } from '../../file-store/document-meta.ts';
import { STATE_FOLDER } from '../../file-store/root-files.ts';
import { isMissing, sameStamp, stampOf } from '../../file-store/text-file.ts';

/** A document whose folder may hold something that Postgres lacks. */
export interface LeftBehind {
  readonly documentId: string;
  /** The path it had when the folder was last kept; null where only its log is left. */
  readonly path: string | null;
  /** False where only its name is to be compared. */
  readonly edited: boolean;
}

/**
 * SY12: what an earlier mode, a crash or a program left in the folders below `<workspaces>/<user>/<project>`, found without opening them: edits
 * nobody noted as agreed on, and files that are not as they were left. One group a folder.
 */
export async function* leftBehind(workspaces: string): AsyncGenerator<LeftBehind[]> {
  for (const user of await foldersIn(workspaces)) {
    for (const project of await foldersIn(path.join(workspaces, user))) {
      const dir = path.join(workspaces, user, project);
      const found = await inFolder(dir);
      if (found.length > 0) yield found;
    }
  }
}

async function inFolder(dir: string): Promise<LeftBehind[]> {
  const docs = path.join(dir, STATE_FOLDER, 'docs');
  const names = await readdir(docs).catch(none);
  const found = new Map<string, LeftBehind>();
  for (const name of names.filter((entry) => entry.endsWith('.json'))) {
    const meta = await readMeta(path.join(docs, name));
    if (meta)
      found.set(meta.documentId, { documentId: meta.documentId, path: meta.path, edited: meta.dirty || !(await isAsLeft(dir, meta)) });
  }
  for (const name of names.filter((entry) => entry.endsWith('.yjs'))) {
    const documentId = name.slice(0, -'.yjs'.length);
    if (!found.has(documentId)) found.set(documentId, { documentId, path: null, edited: true });
  }
  return [...found.values()];
}

async function isAsLeft(dir: string, meta: DocumentMeta): Promise<boolean> {
  const stats = await lstat(path.join(dir, ...meta.file.split('/'))).catch(missing);
  // A file that was never written, or was taken away by hand, is written when its document is opened.
  return stats === null || sameStamp(stampOf(stats), meta.stamp);
}

async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(none);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

function none(error: unknown): [] {
  if (isMissing(error)) return [];
  throw error;
}

function missing(error: unknown): null {
  return none(error).at(0) ?? null;
}
