import { documentView, projectView } from '@markco/core/contract/projects';
import { id } from '@markco/core/ids';
import { z } from 'zod';
import { HEAVY_COLUMNS, scoped } from '../../scope.ts';
import { authedProcedure } from '../../trpc.ts';
import { toDocumentView } from '../documents/document-view.ts';
import { projectViewOf, projectViews } from './project-view.ts';

const DELETED_FOR_MS = 30 * 24 * 60 * 60 * 1000;

export const projectRef = z.object({ projectId: id });

/** The person's projects, the one edited last first. */
export const listProjects = authedProcedure
  .output(z.array(projectView))
  .query(({ ctx }) => projectViews(ctx.resources.db, { userId: ctx.principal.userId }));

/** One project, by its id or by its slug in the address of a page. */
export const getProject = authedProcedure
  .input(z.union([projectRef, z.object({ slug: z.string().max(200) })]))
  .output(projectView)
  .query(async ({ ctx, input }) => {
    const { db } = ctx.resources;
    const scope = scoped(db, ctx.principal);
    return projectViewOf(db, 'slug' in input ? await scope.projectBySlug(input.slug) : await scope.project(input.projectId));
  });

/**
 * FB3: what a folder is compared with: every document, and what was removed in the last thirty days (`deletedAt` set), so that
 * a device that was away can tell a removed document from a new file.
 */
export const projectManifest = authedProcedure
  .input(projectRef)
  .output(z.object({ documents: z.array(documentView) }))
  .query(async ({ ctx, input }) => {
    const { db, clock } = ctx.resources;
    const project = await scoped(db, ctx.principal).project(input.projectId);
    const since = new Date(clock.now().getTime() - DELETED_FOR_MS);
    const where = { projectId: project.id, OR: [{ deletedAt: null }, { deletedAt: { gt: since } }] };
    const rows = await db.document.findMany({ where, omit: HEAVY_COLUMNS, orderBy: { docPath: 'asc' } });
    return { documents: rows.map(toDocumentView) };
  });
