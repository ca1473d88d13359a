import type { Db } from '@markco/db/client';
import type { LocatedDocument } from '../document-store.ts';

const AT_ONCE = 1_000;

/** Names and fate of documents, deleted ones included; ids without a row are left out. */
export async function locateDocuments(db: Db, documentIds: readonly string[]): Promise<Map<string, LocatedDocument>> {
  const found = new Map<string, LocatedDocument>();
  for (let at = 0; at < documentIds.length; at += AT_ONCE) {
    const rows = await db.document.findMany({
      where: { id: { in: documentIds.slice(at, at + AT_ONCE) } },
      select: {
        id: true,
        userId: true,
        projectId: true,
        project: true,
        docPath: true,
        deletedAt: true,
        projectRow: { select: { deletedAt: true } },
      },
    });
    for (const { id, userId, projectId, project, docPath, deletedAt, projectRow } of rows)
      found.set(id, {
        ref: { documentId: id, userId, projectId, project, path: docPath },
        deleted: (deletedAt ?? projectRow.deletedAt) !== null,
      });
  }
  return found;
}
