import type { Log } from '../../log.ts';
import type { DocumentRef, DocumentStore } from '../document-store.ts';
import { leftBehind } from './left-behind.ts';
import type { ModeSource } from './mode-source.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

export interface CatchUpOptions {
  readonly modes: ModeSource;
  readonly postgres: DocumentStore;
  readonly files: WorkspaceFiles;
  readonly log: Log;
  readonly isClosed: () => boolean;
  /** Brings a document's two copies together, in the background. */
  readonly repair: (ref: DocumentRef) => void;
}

/**
 * SY12: after a start or a change of mode, what earlier modes left in the files is brought to Postgres without anyone opening it, and files of
 * documents that were renamed or deleted meanwhile follow. Folders with nothing to do are not opened.
 */
export async function catchUp(options: CatchUpOptions): Promise<void> {
  const { modes, postgres, files, log, isClosed, repair } = options;
  let found = 0;
  for await (const group of leftBehind(files.dir)) {
    if (isClosed()) return;
    const located = (await postgres.locate?.(group.map(({ documentId }) => documentId))) ?? new Map();
    let opened = false;
    for (const { documentId, path, edited } of group) {
      const where = located.get(documentId);
      if (!where || isClosed()) continue;
      const wanted = edited && !where.deleted && modes.of(where.ref.userId) !== 'legacy';
      // Opening a folder brings all names in it in line.
      if (!opened && !where.deleted && where.ref.path !== path) opened = await open(where.ref);
      if (wanted) repair(where.ref);
      if (wanted) found++;
    }
    if (!opened) await retireDeleted(group.flatMap(({ documentId }) => located.get(documentId) ?? []));
  }
  if (found > 0) log.info({ documents: found }, 'Documents whose files may hold edits that Postgres lacks are brought together.');

  async function open(ref: DocumentRef): Promise<boolean> {
    await files.open(ref);
    return true;
  }

  /** A folder is known by a document that is still in it; one whose documents are all deleted keeps its files until it is used again. */
  async function retireDeleted(group: readonly { ref: DocumentRef; deleted: boolean }[]): Promise<void> {
    const alive = group.find(({ deleted }) => !deleted);
    if (alive && group.some(({ deleted }) => deleted)) await files.open(alive.ref);
  }
}
