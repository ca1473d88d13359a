import { documentRef, documentText, documentView } from '@markco/core/contract/projects';
import { id } from '@markco/core/ids';
import { compareDocPaths } from '@markco/core/project/page-names';
import { z } from 'zod';
import type { ApiContext, Principal } from '../../context.ts';
import { HEAVY_COLUMNS, scoped } from '../../scope.ts';
import { authedProcedure } from '../../trpc.ts';
import { toDocumentView } from './document-view.ts';
import { storedText } from './stored-text.ts';

/** The documents of a project in the order people read them, those that are only listed (FB2) included. */
export const listDocuments = authedProcedure
  .input(z.object({ projectId: id }))
  .output(z.array(documentView))
  .query(({ ctx, input }) => documentsOf(ctx, input.projectId, false));

/** What is in the project's bin, the newest first. */
export const listDeletedDocuments = authedProcedure
  .input(z.object({ projectId: id }))
  .output(z.array(documentView))
  .query(({ ctx, input }) => documentsOf(ctx, input.projectId, true));

/** A document with its text as it is stored now. */
export const getDocument = authedProcedure
  .input(documentRef)
  .output(documentText)
  .query(async ({ ctx, input }) => {
    const row = await scoped(ctx.resources.db, ctx.principal).document(input.documentId);
    return {
      document: toDocumentView(row),
      text: await storedText(ctx.resources.db, row.id, ctx.resources.flags.for(ctx.principal.userId).SYNC_MODE),
    };
  });

async function documentsOf(ctx: ApiContext & { principal: Principal }, projectId: string, deleted: boolean) {
  const { db } = ctx.resources;
  const project = await scoped(db, ctx.principal).project(projectId);
  const where = { projectId: project.id, deletedAt: deleted ? { not: null } : null };
  const rows = await db.document.findMany({ where, omit: HEAVY_COLUMNS, orderBy: { deletedAt: 'desc' } });
  const views = rows.map(toDocumentView);
  return deleted ? views : views.sort((a, b) => compareDocPaths(a.path, b.path));
}
