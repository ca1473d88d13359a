import { documentRef, documentView, renameDocumentInput } from '@markco/core/contract/projects';
import { AppError, notFound } from '@markco/core/errors';
import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import { z } from 'zod';
import { HEAVY_COLUMNS, scoped } from '../../scope.ts';
import { authedProcedure } from '../../trpc.ts';
import { deletedPath, toDocumentView, visiblePath } from './document-view.ts';
import { lockProject } from './lock-project.ts';
import { assertPathFree, docPathOrThrow } from './new-document.ts';
import { publishDocument } from './publish-document.ts';

/** Gives a document another path. Its id, history and open tabs stay (FB7). */
export const renameDocument = authedProcedure
  .input(renameDocumentInput)
  .output(documentView)
  .mutation(({ ctx, input }) => {
    const path = docPathOrThrow(input.path);
    return inTx(ctx.resources.db, async (tx) => {
      const found = await scoped(tx, ctx.principal).document(input.documentId);
      await lockProject(tx, found.projectId);
      await assertPathFree(tx, found.projectId, path, found.id);
      const row = await tx.document.update({ where: { id: found.id, deletedAt: null }, data: { docPath: path }, omit: HEAVY_COLUMNS });
      if (row.docPath !== found.docPath) publishDocument(ctx.resources, tx, row, 'renamed', ctx.principal.sid);
      return toDocumentView(row);
    });
  });

/** Puts a document in the bin; its path is free again. Removing what is in the bin changes nothing. */
export const removeDocument = authedProcedure
  .input(documentRef)
  .output(z.object({ removed: z.literal(true) }))
  .mutation(({ ctx, input }) =>
    inTx(ctx.resources.db, async (tx) => {
      const found = await scoped(tx, ctx.principal).document(input.documentId, { deleted: true });
      await lockProject(tx, found.projectId);
      const changed = await tx.document.updateMany({
        where: { id: found.id, deletedAt: null },
        data: { deletedAt: ctx.resources.clock.now(), docPath: deletedPath(found.id, visiblePath(found)) },
      });
      if (changed.count > 0) publishDocument(ctx.resources, tx, found, 'deleted', ctx.principal.sid);
      return { removed: true as const };
    }),
  );

/** Takes a document out of the bin, with its history; under a numbered name where its old one is taken by now. */
export const restoreDocument = authedProcedure
  .input(documentRef)
  .output(documentView)
  .mutation(({ ctx, input }) =>
    inTx(ctx.resources.db, async (tx) => {
      const found = await scoped(tx, ctx.principal).document(input.documentId, { deleted: true });
      if (!found.deletedAt) return toDocumentView(found);
      await lockProject(tx, found.projectId);
      const docPath = await freePath(tx, found.projectId, visiblePath(found));
      const data = { deletedAt: null, docPath, updatedAt: ctx.resources.clock.now() };
      const { count } = await tx.document.updateMany({ where: { id: found.id, deletedAt: { not: null } }, data });
      // Restored or purged by someone else since it was found.
      if (count === 0) throw notFound('The document');
      const row = await tx.document.findUniqueOrThrow({ where: { id: found.id }, omit: HEAVY_COLUMNS });
      publishDocument(ctx.resources, tx, row, 'restored', ctx.principal.sid);
      return toDocumentView(row);
    }),
  );

async function freePath(tx: Tx, projectId: string, path: string): Promise<string> {
  const dot = path.lastIndexOf('.');
  for (let n = 1; n < 1000; n++) {
    const candidate = n === 1 ? path : `${path.slice(0, dot)} (${n})${path.slice(dot)}`;
    if (!(await tx.document.findFirst({ where: { projectId, docPath: candidate }, select: { id: true } }))) return candidate;
  }
  throw new AppError('conflict', `There are too many documents named like "${path}". Rename one of them first.`);
}
