import { type ManifestItem, registerLocalInput, registerLocalReply } from '@markco/core/contract/projects';
import { parseDocPath } from '@markco/core/project/doc-path';
import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import type { z } from 'zod';
import type { ApiContext, Principal } from '../../context.ts';
import { HEAVY_COLUMNS, scoped } from '../../scope.ts';
import { authedProcedure } from '../../trpc.ts';
import { type DocumentRow, toDocumentView } from '../documents/document-view.ts';
import { lockProject } from '../documents/lock-project.ts';
import { insertDocument } from '../documents/new-document.ts';
import { publishDocument } from '../documents/publish-document.ts';
import { insertProject } from './insert-project.ts';
import { projectViewOf } from './project-view.ts';

type Ctx = ApiContext & { principal: Principal };
type Input = z.output<typeof registerLocalInput>;
type Project = Awaited<ReturnType<typeof insertProject>>;

/**
 * FB1: links a folder. The same folder (by the project id kept in it, else by its root id) is the same project, also from a
 * second computer. Answers which files the server has no document for; those are seeded next.
 */
export const registerLocal = authedProcedure
  .input(registerLocalInput)
  .output(registerLocalReply)
  .mutation(({ ctx, input }) =>
    inTx(
      ctx.resources.db,
      async (tx) => {
        const project = await findOrMake(ctx, tx, input);
        await attach(ctx, tx, project, input);
        await lockProject(tx, project.id);
        const { documents, missing } = await compare(ctx, tx, project, input.manifest);
        return { project: await projectViewOf(tx, project), documents: documents.map(toDocumentView), missing };
      },
      { timeoutMs: 60_000 },
    ),
  );

// An id that leads nowhere (another person's folder, a project removed since) makes a project of one's own: the folder is theirs.
async function findOrMake({ resources, principal }: Ctx, tx: Tx, input: Input): Promise<Project> {
  const { userId } = principal;
  const own = { userId, deletedAt: null };
  const byId = input.projectId ? await tx.project.findFirst({ where: { id: input.projectId, ...own } }) : null;
  const found = byId ?? (await tx.project.findFirst({ where: { rootId: input.rootId, ...own } }));
  return found ?? insertProject(tx, resources, { userId, name: input.name, rootId: input.rootId });
}

async function attach({ resources, principal }: Ctx, tx: Tx, project: Project, input: Input): Promise<void> {
  const wanted = input.deviceId ?? principal.deviceId;
  if (!wanted) return;
  const { id: deviceId } = await scoped(tx, principal).device(wanted);
  const link = { rootId: input.rootId, folderName: input.folderName };
  await tx.attachment.upsert({
    where: { projectId_deviceId: { projectId: project.id, deviceId } },
    create: { projectId: project.id, deviceId, ...link },
    update: { ...link, lastSyncAt: resources.clock.now() },
  });
  tx.afterCommit(() => resources.bus.publish({ topic: 'devices.changed', userId: project.userId }));
}

async function compare(ctx: Ctx, tx: Tx, project: Project, manifest: readonly ManifestItem[]) {
  const rows = await tx.document.findMany({ where: { projectId: project.id, deletedAt: null }, omit: HEAVY_COLUMNS });
  const byPath = new Map(rows.map((row) => [row.docPath, row]));
  const missing: string[] = [];
  for (const item of manifest) {
    const parsed = parseDocPath(item.path);
    if (!parsed.ok) continue;
    const row = byPath.get(parsed.path);
    if (item.status === 'ok') {
      if (row?.status !== 'ok') missing.push(item.path);
    } else if (row?.status !== 'ok') {
      byPath.set(parsed.path, await listOnly(ctx, tx, project, parsed.path, item, row));
    }
  }
  return { documents: [...byPath.values()], missing };
}

/** FB2: a file that cannot be a document is shown with the reason; its bytes stay on the device. */
async function listOnly({ resources, principal }: Ctx, tx: Tx, project: Project, path: string, item: ManifestItem, row?: DocumentRow) {
  const shown = { status: item.status, size: Math.min(item.size, 2_147_483_647), contentHash: item.hash };
  if (row && row.status === shown.status && row.size === shown.size && row.contentHash === shown.contentHash) return row;
  const made = row ?? (await insertDocument(tx, resources, project, path, ''));
  const updated = await tx.document.update({
    where: { id: made.id },
    data: { ...shown, updatedAt: resources.clock.now() },
    omit: HEAVY_COLUMNS,
  });
  publishDocument(resources, tx, updated, 'created', principal.sid);
  return updated;
}
