import { randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const stamp = z.object({ ino: z.number(), size: z.number(), mtimeMs: z.number() });

/** What is kept of a document beside its log, in `docs/<id>.json`: read at start for all documents, so that no log has to be. */
export const documentMetaShape = z.object({
  documentId: z.string(),
  /** The document's id on the server; null while it is known on this device only (EL3). The same as `documentId` where it came from there. */
  serverId: z.string().nullable(),
  /** The document's path in the project. */
  path: z.string(),
  /** Its file, relative to the root. Other than `path` where the file system can't hold both of two names (FB9). */
  file: z.string(),
  /** The path the server is known to have; other than `path` while a rename waits to be sent (FB7). Null: the server has no such document yet. */
  syncedPath: z.string().nullable(),
  epoch: z.string(),
  /** False while only the text is here and the server's Yjs state was not needed yet (FB3). */
  pulled: z.boolean(),
  /** True while there may be edits the server has not acknowledged (FB8). */
  dirty: z.boolean(),
  /** SHA-256 hex of the text the file and the document last agreed on. */
  textHash: z.string(),
  /** SHA-256 hex of the file's bytes then; null where there was no file yet. */
  fileHash: z.string().nullable(),
  stamp: stamp.nullable(),
});
export type DocumentMeta = z.infer<typeof documentMetaShape>;

/** Null where the file is not there or holds something else: the log then says what is needed. */
export async function readMeta(file: string): Promise<DocumentMeta | null> {
  try {
    return documentMetaShape.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

/**
 * Whole or not at all, and in the order of the calls (some 50 µs). Not synced to disk: after a power cut the log and the file itself say
 * the same, slower.
 */
export function writeMeta(file: string, meta: DocumentMeta): void {
  writeFileSync(`${file}.new`, JSON.stringify(meta), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** EL3: the epoch of a history made on this device, which the server's replaces once it is there. */
export function isLocalEpoch(epoch: string): boolean {
  return epoch.startsWith('local-');
}

/** Of a document that was not loaded yet. `serverId`: where it is one of the server's, whose state is to be fetched. */
export function newMeta({
  documentId,
  serverId,
  path,
  file,
}: {
  documentId: string;
  serverId?: string;
  path: string;
  file: string;
}): DocumentMeta {
  return {
    documentId,
    serverId: serverId ?? null,
    path,
    file,
    syncedPath: serverId ? path : null,
    epoch: `local-${randomUUID()}`,
    pulled: false,
    dirty: !serverId,
    textHash: '',
    fileHash: null,
    stamp: null,
  };
}
