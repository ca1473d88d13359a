import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { scoped } from '../scope.ts';
import { tryRunEvent } from './apply-run-event.ts';
import { RELEASED_MESSAGE } from './held-runs.ts';
import { lockRun } from './lock-run.ts';
import { wakeDispatchers } from './publish-run.ts';

/**
 * RU8: "3 waiting runs: Run / Discard". Runs that are no longer waiting are left as they are.
 * @returns the ids that were decided
 * @throws AppError not_found when one of them is not the person's; nothing is changed then
 */
export async function decideWaiting(
  resources: Resources,
  principal: Principal,
  runIds: readonly string[],
  decision: 'run' | 'discard',
): Promise<string[]> {
  const ids = [...new Set(runIds)].sort();
  for (const id of ids) await scoped(resources.db, principal).run(id);
  return resources.sql.tx(async (tx) => {
    const decided: string[] = [];
    const at = resources.clock.now();
    for (const id of ids) {
      const run = await lockRun(tx, id);
      const type = decision === 'run' ? ('released' as const) : ('discarded' as const);
      if (run && (await tryRunEvent(resources, tx, run, { type, at }, decision === 'run' ? { message: RELEASED_MESSAGE } : {})))
        decided.push(id);
    }
    wakeDispatchers(resources, tx);
    return decided;
  });
}
