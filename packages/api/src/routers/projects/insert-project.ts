import { projectSlug } from '@markco/core/project/project-slug';
import type { Tx } from '@markco/db/client';
import type { Resources } from '../../resources.ts';

/** Makes a project under a slug that is free among the person's: `notes`, `notes-2`, … */
export async function insertProject(tx: Tx, resources: Resources, given: { userId: string; name: string; rootId?: string }) {
  // Two projects made at once must not choose the same slug.
  await tx.$queryRaw`SELECT id FROM users WHERE id = ${given.userId}::uuid FOR NO KEY UPDATE`;
  const wanted = projectSlug(given.name);
  const rows = await tx.project.findMany({
    where: { userId: given.userId, slug: { startsWith: wanted.slice(0, 50) } },
    select: { slug: true },
  });
  const taken = new Set(rows.map((row) => row.slug));
  let slug = wanted;
  for (let n = 2; taken.has(slug); n++) slug = projectSlug(`${wanted.slice(0, 58)}-${n}`);
  return tx.project.create({ data: { ...given, id: resources.newId(), slug } });
}
