import type { Resources } from '../resources.ts';
import type { DispatchContext, Heard } from './dispatch-context.ts';
import { dispatchRuns } from './dispatch-runs.ts';
import { createSingles } from './dispatch-singles.ts';
import { ELIGIBLE_AT_ONCE, findEligible, othersWaitForCloud } from './find-eligible.ts';

/** Offers what waits: of everybody, and of the people something happened to. */
export interface Dispatcher {
  /** Looks at all that wait. Resolves when everything is offered that can be at once. */
  all(): Promise<void>;
  /** RU8, RU9: looks at what waits of one person, together with others who are heard of meanwhile. */
  hear(heard: Heard): void;
  /** Resolves when what was begun is done, the probes included. */
  settled(): Promise<void>;
}

/** Looks under way at a time, never two at the same person: they would only take the runs from each other. */
const LOOKS = 2;

export function createDispatcher(resources: Resources, context: DispatchContext): Dispatcher {
  const singles = createSingles(resources, context);
  const waiting = new Map<string, Heard>();
  const underWay = new Set<string>();
  const looks = new Set<Promise<void>>();

  const look = async (of: readonly string[] | null): Promise<void> => {
    for (let after: string | null = null; ; ) {
      const found = await findEligible(resources.sql, { of, after });
      singles.take(await dispatchRuns(resources, context, found));
      if (found.length < ELIGIBLE_AT_ONCE) return;
      after = found.at(-1)!.id;
    }
  };
  const lookAt = async (heard: readonly Heard[]): Promise<void> => {
    const people = heard.map(({ userId }) => userId);
    const places = heard.some(({ cloud }) => cloud) && (await othersWaitForCloud(resources.sql, people));
    if (places) await resources.bus.publish({ topic: 'runs.wake' });
    await look(people);
  };
  const next = (): void => {
    const heard = [...waiting.values()].filter(({ userId }) => !underWay.has(userId));
    if (heard.length === 0 || looks.size >= LOOKS) return;
    for (const { userId } of heard) {
      waiting.delete(userId);
      underWay.add(userId);
    }
    const work = lookAt(heard)
      .catch((err) => resources.log.warn({ err }, 'what waits could not be offered now; the loop does it'))
      .finally(() => {
        looks.delete(work);
        for (const { userId } of heard) underWay.delete(userId);
        next();
      });
    looks.add(work);
  };
  return {
    all: () => look(null),
    hear(heard) {
      const { userId } = heard;
      waiting.set(userId, { userId, cloud: heard.cloud || (waiting.get(userId)?.cloud ?? false) });
      // What else this turn tells comes along.
      queueMicrotask(next);
    },
    async settled() {
      while (looks.size > 0 || waiting.size > 0) await Promise.all(looks);
      await singles.settled();
    },
  };
}
