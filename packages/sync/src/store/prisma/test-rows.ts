import { randomUUID } from 'node:crypto';
import type { Db } from '@markco/db/client';
import { silentLog } from '../../log.ts';
import type { DocumentRef } from '../document-store.ts';
import { PrismaStore } from '../prisma-store.ts';

/** For tests: a document as the web process makes it, in a project of its own or in the one of `beside`. `updates`: its history (V1). */
export async function createRow(
  db: Db,
  updates: readonly Uint8Array[] = [],
  options: { path?: string; beside?: DocumentRef } = {},
): Promise<DocumentRef> {
  const path = options.path ?? `${randomUUID()}.md`;
  const { userId, projectId, project } = options.beside ?? (await createProject(db));
  const data = { userId, projectId, project, docPath: path, contentHash: '', epoch: randomUUID() };
  const { id } = await db.document.create({ data });
  const ref = { documentId: id, userId, projectId, project, path };
  if (updates.length > 0) {
    const store = new PrismaStore(db, silentLog);
    await store.append([{ ref, updates }]);
    await store.close();
  }
  return ref;
}

async function createProject(db: Db): Promise<Pick<DocumentRef, 'userId' | 'projectId' | 'project'>> {
  const user = await db.user.create({ data: {} });
  const { id } = await db.project.create({ data: { userId: user.id, slug: 'notes', name: 'Notes' } });
  return { userId: user.id, projectId: id, project: 'notes' };
}

/** As `documents.rename` does it. */
export async function renameRow(db: Db, ref: DocumentRef, path: string): Promise<DocumentRef> {
  await db.document.update({ where: { id: ref.documentId }, data: { docPath: path } });
  return { ...ref, path };
}

/** As `documents.remove` does it. */
export async function deleteRow(db: Db, ref: DocumentRef): Promise<void> {
  const docPath = `.deleted/${ref.documentId}/${ref.path}`;
  await db.document.update({ where: { id: ref.documentId }, data: { deletedAt: new Date(), docPath } });
}

/** As `documents.restore` does it. */
export async function restoreRow(db: Db, ref: DocumentRef): Promise<void> {
  await db.document.update({ where: { id: ref.documentId }, data: { deletedAt: null, docPath: ref.path } });
}
