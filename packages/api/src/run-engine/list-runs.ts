import type { listRunsInput } from '@markco/core/contract/runs';
import type { RunView } from '@markco/core/run/run';
import type { z } from 'zod';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { toRunView, withProjectSlug } from './run-row.ts';

/** The person's runs, newest first; ids sort by time, so `before` pages on. */
export async function listRuns(resources: Resources, principal: Principal, input: z.output<typeof listRunsInput>): Promise<RunView[]> {
  const rows = await resources.db.run.findMany({
    where: {
      userId: principal.userId,
      project: { deletedAt: null },
      ...(input.projectId && { projectId: input.projectId }),
      ...(input.documentId && { documentId: input.documentId }),
      ...(input.states && { state: { in: input.states } }),
      ...(input.before && { id: { lt: input.before } }),
    },
    orderBy: { id: 'desc' },
    take: input.limit,
    include: withProjectSlug,
  });
  return rows.map(toRunView);
}
