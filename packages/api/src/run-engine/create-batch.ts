import { AppError } from '@markco/core/errors';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { RunRequest, RunView } from '@markco/core/run/run';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { insertRuns } from './insert-runs.ts';
import { createOnce, type PreparedRun, prepareRun } from './prepare-run.ts';
import { wakeDispatchers } from './publish-run.ts';
import { reportRoute } from './route-run.ts';
import { toRunView, withProjectSlug } from './run-row.ts';

/**
 * RU4: makes all runs of a batch or none. Their order is the order given; they share a project and, in each language, a session, and a later
 * one starts only when everything before it has completed.
 * @throws AppError as createRun, and bad_request when the runs do not belong together
 */
export async function createBatch(
  resources: Resources,
  principal: Principal,
  batchId: string,
  requests: readonly RunRequest[],
): Promise<RunView[]> {
  const runs = requests.map((request, index) => ({ ...request, batchId, ordinal: index }));
  checkTogether(runs);
  const prepared: PreparedRun[] = [];
  const once = createOnce();
  for (const run of runs) prepared.push(await prepareRun(resources, principal, run, once));
  await resources.sql.tx(async (tx) => {
    await insertRuns(resources, tx, principal, prepared);
    wakeDispatchers(resources, tx);
  });
  for (const { row, route, existed } of prepared) if (!existed) reportRoute(resources, { ...row, userId: principal.userId }, route);
  const ids = runs.map((run) => run.runId);
  const rows = await resources.db.run.findMany({ where: { id: { in: ids } }, include: withProjectSlug, orderBy: { ordinal: 'asc' } });
  return rows.map(toRunView);
}

function checkTogether(runs: readonly RunRequest[]): void {
  const sessions = new Map(runs.map((run) => [canonicalLanguage(run.language), run.sessionName]));
  const fits = (run: RunRequest) =>
    run.projectId === runs[0]!.projectId && run.sessionName === sessions.get(canonicalLanguage(run.language));
  if (!runs.every(fits)) {
    throw new AppError(
      'bad_request',
      'The runs of a batch belong to one project, and those of a language to one session. Send the others by themselves.',
    );
  }
  if (new Set(runs.map((run) => run.runId)).size !== runs.length)
    throw new AppError('bad_request', 'Two runs of this batch have the same id.');
}
