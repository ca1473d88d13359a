import { notFound } from '@markco/core/errors';
import type { RunView } from '@markco/core/run/run';
import type { Principal } from '../../auth/principal.ts';
import type { Resources } from '../../resources.ts';
import { toRunView, withProjectSlug } from '../../run-engine/run-row.ts';
import { scoped } from '../../scope.ts';

/** One run of the person. Throws not_found. */
export async function getRun(resources: Resources, principal: Principal, runId: string): Promise<RunView> {
  await scoped(resources.db, principal).run(runId);
  const row = await resources.db.run.findUnique({ where: { id: runId }, include: withProjectSlug });
  if (!row) throw notFound('The run');
  return toRunView(row);
}
