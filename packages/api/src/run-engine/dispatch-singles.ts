import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { dispatchRun } from './dispatch-run.ts';
import type { WaitingRun } from './find-eligible.ts';

const AT_ONCE = 8;

/** Dispatches runs one by one where that takes a probe or a worker: nobody else waits for those. */
export interface Singles {
  /** Each is dispatched once at a time; one that is under way is looked at once more afterwards. */
  take(runs: readonly WaitingRun[]): void;
  settled(): Promise<void>;
}

export function createSingles(resources: Resources, context: DispatchContext): Singles {
  const known = new Map<string, { again: boolean }>();
  const queue: { runId: string; found?: WaitingRun }[] = [];
  const underWay = new Set<Promise<void>>();
  const work = async (runId: string, found?: WaitingRun): Promise<void> => {
    await dispatchRun(resources, context, runId, found).catch((err) =>
      resources.log.warn({ err, run_id: runId }, 'a run could not be dispatched now'),
    );
    const again = known.get(runId)?.again;
    known.delete(runId);
    if (again) add(runId);
  };
  const add = (runId: string, found?: WaitingRun): void => {
    known.set(runId, { again: false });
    queue.push({ runId, found });
  };
  const pump = (): void => {
    while (underWay.size < AT_ONCE) {
      const one = queue.shift();
      if (!one) return;
      const done = work(one.runId, one.found).finally(() => {
        underWay.delete(done);
        pump();
      });
      underWay.add(done);
    }
  };
  return {
    take(runs) {
      for (const run of runs) {
        const entry = known.get(run.id);
        if (entry) entry.again = true;
        else add(run.id, run);
      }
      pump();
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
