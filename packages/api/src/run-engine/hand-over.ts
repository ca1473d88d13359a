import type { Resources } from '../resources.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { dispatchRun } from './dispatch-run.ts';
import { findNext, othersWait } from './find-eligible.ts';
import { sessionKey } from './offer-run.ts';
import type { RunRow } from './run-row.ts';

/** Offers what a change of one run made possible, without a look at every session. */
export interface HandOver {
  /** RU8, RU9: @param ended the run made room for another, also for those of other sessions */
  hear(run: RunRow, ended: boolean): void;
  /** Resolves when what was heard is done. */
  settled(): Promise<void>;
}

interface UnderWay {
  work: Promise<void>;
  /** Heard meanwhile: the session is looked at once more. */
  again: { readonly run: RunRow; readonly ended: boolean } | null;
}

/** One look a session at a time: two at once would only take the run from each other. */
export function createHandOver(resources: Resources, context: DispatchContext): HandOver {
  const underWay = new Map<string, UnderWay>();
  const work = async (key: string, run: RunRow, ended: boolean): Promise<void> => {
    await handOver(resources, context, run, ended).catch((err) =>
      resources.log.warn({ err, run_id: run.id }, 'the next run of a session could not be offered now; the loop does it'),
    );
    const { again } = underWay.get(key)!;
    underWay.delete(key);
    if (again) start(key, again.run, again.ended);
  };
  const start = (key: string, run: RunRow, ended: boolean): void => {
    const entry: UnderWay = { work: Promise.resolve(), again: null };
    underWay.set(key, entry);
    entry.work = work(key, run, ended);
  };
  return {
    hear(run, ended) {
      const key = sessionKey(run);
      const now = underWay.get(key);
      if (!now) return start(key, run, ended);
      // The one that ended says what became free.
      if (ended || !now.again) now.again = { run, ended };
    },
    async settled() {
      while (underWay.size > 0) await Promise.all([...underWay.values()].map((entry) => entry.work));
    },
  };
}

/** Should this process die meanwhile, the loop of another finds the run (RU9). */
async function handOver(resources: Resources, context: DispatchContext, run: RunRow, ended: boolean): Promise<void> {
  const [next, others] = await Promise.all([findNext(resources.sql, run), ended && othersWait(resources.sql, run)]);
  if (others) await resources.bus.publish({ topic: 'runs.wake' });
  if (next) await dispatchRun(resources, context, next.id, next);
}
