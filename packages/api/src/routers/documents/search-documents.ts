import { searchHit, searchInput } from '@markco/core/contract/projects';
import { Prisma } from '@markco/db/client';
import { z } from 'zod';
import { RATES } from '../../rate-limiter.ts';
import { scoped } from '../../scope.ts';
import { authedProcedure, limited } from '../../trpc.ts';

const MAX_DOCUMENTS = 50;
const HITS_A_DOCUMENT = 3;
const EXCERPT = 160;

interface Found {
  id: string;
  project_id: string;
  project: string;
  doc_path: string;
  content_text: string;
}

/** Lines that hold the words as written, whatever the case, in one project or all; the documents edited last come first. */
export const searchDocuments = authedProcedure
  .use(limited(RATES.search))
  .input(searchInput)
  .output(z.array(searchHit))
  .query(async ({ ctx, input }) => {
    const { db } = ctx.resources;
    const project = input.projectId ? await scoped(db, ctx.principal).project(input.projectId) : null;
    const pattern = `%${input.query.replaceAll('\0', '').replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
    const rows = await db.$queryRaw<Found[]>`
      SELECT d.id, d.project_id, d.project, d.doc_path, d.content_text
      FROM documents d JOIN projects p ON p.id = d.project_id
      WHERE d.user_id = ${ctx.principal.userId}::uuid AND d.deleted_at IS NULL AND p.deleted_at IS NULL
        ${project ? Prisma.sql`AND d.project_id = ${project.id}::uuid` : Prisma.empty}
        AND (d.content_text ILIKE ${pattern} OR d.doc_path ILIKE ${pattern})
      ORDER BY d.updated_at DESC LIMIT ${MAX_DOCUMENTS}`;
    return rows.flatMap((row) => hitsIn(row, input.query));
  });

function hitsIn(row: Found, query: string) {
  const wanted = query.toLowerCase();
  const hit = (line: number, excerpt: string) => ({
    ...{ documentId: row.id, projectId: row.project_id, projectSlug: row.project, path: row.doc_path },
    ...{ line, excerpt },
  });
  const hits = [];
  for (const [index, line] of row.content_text.split('\n').entries()) {
    const at = line.toLowerCase().indexOf(wanted);
    if (at >= 0) hits.push(hit(index + 1, excerptAround(line, at)));
    if (hits.length === HITS_A_DOCUMENT) break;
  }
  // Found by its name only.
  return hits.length > 0 ? hits : [hit(1, excerptAround(row.content_text.split('\n', 1)[0] ?? '', 0))];
}

function excerptAround(line: string, at: number): string {
  const start = Math.max(0, at - EXCERPT / 2);
  const cut = line
    .slice(start, start + EXCERPT)
    .replace(/\p{Surrogate}/gu, '')
    .trim();
  return `${start > 0 ? '…' : ''}${cut}${start + EXCERPT < line.length ? '…' : ''}`;
}
