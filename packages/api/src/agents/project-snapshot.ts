import type { projectSnapshotReply } from '@markco/core/contract/runs';
import { AppError } from '@markco/core/errors';
import type { z } from 'zod';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { agentRun } from './agent-run.ts';

/** What a sandbox gets to read at most, in UTF-16 units and files. */
const MAX_CHARS = 10_000_000;
const MAX_FILES = 2_000;

/**
 * AG6: the documents of a run's project as text, for a sandbox to read; the run's own document first. Only while the run is the
 * worker's to work on.
 * @throws AppError not_found, forbidden
 */
export async function projectSnapshot(
  resources: Resources,
  principal: Principal,
  runId: string,
): Promise<z.output<typeof projectSnapshotReply>> {
  const run = await agentRun(resources, principal, runId);
  if (!['offered', 'running'].includes(run.state))
    throw new AppError('forbidden', 'This run is over; its project is no longer open to the worker.');
  const heads = await resources.db.document.findMany({
    where: { projectId: run.projectId, userId: run.userId, deletedAt: null },
    select: { id: true, docPath: true, size: true },
    orderBy: { docPath: 'asc' },
  });
  heads.sort((a, b) => Number(b.id === run.documentId) - Number(a.id === run.documentId));
  const chosen: string[] = [];
  let total = 0;
  for (const head of heads) {
    if (chosen.length >= MAX_FILES || total + head.size > MAX_CHARS) continue;
    total += head.size;
    chosen.push(head.id);
  }
  const rows = await resources.db.document.findMany({ where: { id: { in: chosen } }, select: { docPath: true, contentText: true } });
  return { files: rows.map((row) => ({ path: row.docPath, text: row.contentText })), truncated: chosen.length < heads.length };
}
