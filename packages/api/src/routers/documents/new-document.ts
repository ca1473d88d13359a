import { randomUUID } from 'node:crypto';
import { AppError } from '@markco/core/errors';
import { type DocPath, parseDocPath } from '@markco/core/project/doc-path';
import type { Prisma, Tx } from '@markco/db/client';
import { seedDocument } from '@markco/sync/store/seed-document';
import type { Resources } from '../../resources.ts';
import { HEAVY_COLUMNS } from '../../scope.ts';
import type { DocumentRow } from './document-view.ts';

/** SE4: the checked path, or `bad_request` with the reason. */
export function docPathOrThrow(input: string): DocPath {
  const parsed = parseDocPath(input);
  if (!parsed.ok) throw new AppError('bad_request', parsed.reason, { details: { path: input.slice(0, 200) } });
  return parsed.path;
}

/** Why a text cannot be a document's, or null: Postgres and UTF-8 files hold neither NUL nor half characters. */
export function textProblem(text: string): string | null {
  if (text.includes('\0')) return 'The text holds a NUL character, so it is not a text file.';
  if (/\p{Surrogate}/u.test(text)) return 'The text is not valid Unicode.';
  return null;
}

/** The columns of a document's first state (SY7). */
export function seedColumns(text: string) {
  const seed = seedDocument(text);
  return {
    yjsState: seed.state,
    yjsStateSha256: seed.stateSha256,
    contentText: text,
    contentHash: seed.contentHash,
    size: seed.size,
    epoch: randomUUID(),
    status: 'ok',
  } satisfies Prisma.DocumentUncheckedUpdateInput;
}

/** Writes a new document; the caller holds the project's lock and knows that the path is free. */
export function insertDocument(
  tx: Tx,
  resources: Resources,
  project: { id: string; userId: string; slug: string },
  path: string,
  text: string,
): Promise<DocumentRow> {
  const now = resources.clock.now();
  return tx.document.create({
    data: {
      ...{ id: resources.newId(), userId: project.userId, projectId: project.id, project: project.slug, docPath: path },
      ...{ createdAt: now, updatedAt: now },
      ...seedColumns(text),
    },
    omit: HEAVY_COLUMNS,
  });
}

/** `conflict`, in words, where another document has the path. */
export async function assertPathFree(tx: Tx, projectId: string, path: string, except?: string): Promise<void> {
  const taken = await tx.document.findFirst({
    where: { projectId, docPath: path, ...(except && { id: { not: except } }) },
    select: { id: true },
  });
  if (taken)
    throw new AppError('conflict', `There is already a document named "${path}". Choose another name.`, {
      details: { path, documentId: taken.id },
    });
}
