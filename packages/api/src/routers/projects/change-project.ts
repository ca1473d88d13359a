import { projectView } from '@markco/core/contract/projects';
import { id } from '@markco/core/ids';
import { inTx } from '@markco/db/in-tx';
import { z } from 'zod';
import { scoped } from '../../scope.ts';
import { authedProcedure } from '../../trpc.ts';
import { lockProject } from '../documents/lock-project.ts';
import { insertProject } from './insert-project.ts';
import { projectViewOf } from './project-view.ts';
import { projectRef } from './read-projects.ts';

const name = z.string().trim().min(1).max(200);

/** An empty project. */
export const createProject = authedProcedure
  .input(z.object({ name }))
  .output(projectView)
  .mutation(({ ctx, input }) =>
    inTx(ctx.resources.db, async (tx) => {
      const project = await insertProject(tx, ctx.resources, { userId: ctx.principal.userId, name: input.name });
      return projectViewOf(tx, project);
    }),
  );

/** Changes the name people read; the address stays, so that links keep working. */
export const renameProject = authedProcedure
  .input(projectRef.extend({ name }))
  .output(projectView)
  .mutation(async ({ ctx, input }) => {
    const { db } = ctx.resources;
    const project = await scoped(db, ctx.principal).project(input.projectId);
    await db.project.update({ where: { id: project.id }, data: { name: input.name } });
    return projectViewOf(db, project);
  });

/** `fallbackToCloud` null: as the person's own setting says. */
export const updateProjectSettings = authedProcedure
  .input(projectRef.extend({ fallbackToCloud: z.boolean().nullable() }))
  .output(projectView)
  .mutation(async ({ ctx, input }) => {
    const { db } = ctx.resources;
    const project = await scoped(db, ctx.principal).project(input.projectId);
    await db.project.update({ where: { id: project.id }, data: { fallbackToCloud: input.fallbackToCloud } });
    return projectViewOf(db, project);
  });

/** Removes a project and its documents from every list; files on people's computers stay. Its slug is free again. */
export const removeProject = authedProcedure
  .input(projectRef)
  .output(z.object({ removed: z.literal(true) }))
  .mutation(({ ctx, input }) =>
    inTx(ctx.resources.db, async (tx) => {
      const { resources, principal } = ctx;
      const project = await scoped(tx, principal).project(input.projectId);
      await lockProject(tx, project.id);
      const slug = `deleted-${project.id}`;
      await tx.project.update({ where: { id: project.id }, data: { deletedAt: resources.clock.now(), slug, rootId: null } });
      await tx.document.updateMany({ where: { projectId: project.id }, data: { project: slug } });
      await tx.attachment.deleteMany({ where: { projectId: project.id } });
      const gone = await tx.document.findMany({ where: { projectId: project.id, deletedAt: null }, select: { id: true } });
      const message = {
        topic: 'document.changed',
        userId: project.userId,
        projectId: project.id,
        change: 'deleted',
        by: principal.sid,
      } as const;
      for (const { id: documentId } of gone) tx.afterCommit(() => resources.bus.publish({ ...message, documentId }));
      tx.afterCommit(() => resources.bus.publish({ topic: 'devices.changed', userId: project.userId }));
      return { removed: true as const };
    }),
  );

/** Ends the link between a project and the folder on one device; documents and files stay where they are. */
export const unlinkDevice = authedProcedure
  .input(projectRef.extend({ deviceId: id }))
  .output(projectView)
  .mutation(({ ctx, input }) =>
    inTx(ctx.resources.db, async (tx) => {
      const { resources, principal } = ctx;
      const project = await scoped(tx, principal).project(input.projectId);
      const device = await scoped(tx, principal).device(input.deviceId);
      await tx.attachment.deleteMany({ where: { projectId: project.id, deviceId: device.id } });
      tx.afterCommit(() => resources.bus.publish({ topic: 'devices.changed', userId: project.userId }));
      return projectViewOf(tx, project);
    }),
  );
