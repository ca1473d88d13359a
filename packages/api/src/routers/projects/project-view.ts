import type { ProjectView } from '@markco/core/contract/projects';
import type { DbOrTx, Prisma } from '@markco/db/client';

const include = {
  attachments: { include: { device: { select: { name: true, revokedAt: true } } }, orderBy: { createdAt: 'asc' } },
} satisfies Prisma.ProjectInclude;

/** Projects as listings show them, the one edited last first. `where` must hold the owner (SE1). */
export async function projectViews(db: DbOrTx, where: Prisma.ProjectWhereInput & { userId: string }): Promise<ProjectView[]> {
  const rows = await db.project.findMany({ where: { ...where, deletedAt: null }, include });
  const totals = await db.document.groupBy({
    by: ['projectId'],
    where: { projectId: { in: rows.map((row) => row.id) }, deletedAt: null },
    _count: { _all: true },
    _max: { updatedAt: true },
  });
  const byProject = new Map(totals.map((total) => [total.projectId, total]));
  const views = rows.map((row): ProjectView => {
    const total = byProject.get(row.id);
    return {
      ...{
        id: row.id,
        slug: row.slug,
        name: row.name,
        ownerId: row.userId,
        createdAt: row.createdAt,
        fallbackToCloud: row.fallbackToCloud,
      },
      documentCount: total?._count._all ?? 0,
      lastEditAt: total?._max.updatedAt ?? null,
      attachments: row.attachments
        .filter(({ device }) => !device.revokedAt)
        .map(({ deviceId, folderName, device }) => ({ deviceId, deviceName: device.name, folderName })),
    };
  });
  const edited = (view: ProjectView) => (view.lastEditAt ?? view.createdAt).getTime();
  return views.sort((a, b) => edited(b) - edited(a));
}

/** One project as listings show it; the caller has found it for its owner. */
export async function projectViewOf(db: DbOrTx, project: { id: string; userId: string }): Promise<ProjectView> {
  const [view] = await projectViews(db, { id: project.id, userId: project.userId });
  if (!view) throw new Error('the project vanished while it was read');
  return view;
}
