import type { RunEvent } from '@markco/core/run/run-event';
import type { Principal } from '../../auth/principal.ts';
import type { Resources } from '../../resources.ts';
import { eventsPage } from '../../run-engine/watch-run.ts';
import { scoped } from '../../scope.ts';

/** One page of a run's log. `next`: the `after` of the following page, null at its end. Throws not_found. */
export async function runEvents(
  resources: Resources,
  principal: Principal,
  input: { runId: string; after: number; limit: number },
): Promise<{ events: RunEvent[]; next: number | null }> {
  const run = await scoped(resources.db, principal).run(input.runId);
  const events = await eventsPage(resources, run.id, input.after, run.lastSeq, input.limit);
  return { events, next: events.length === input.limit ? events.at(-1)!.seq : null };
}
