import { connectionsOf } from '../agents/connections.ts';
import { forwardChanges } from '../agents/forward-changes.ts';
import type { Resources } from '../resources.ts';
import { commitOutputs } from './commit-outputs.ts';
import { dispatchContextOf } from './dispatch-context.ts';
import { createDispatcher } from './dispatcher.ts';
import { type Loop, startLoop } from './loop.ts';
import { sweepPresence } from './sweep-presence.ts';
import { sweepRuns } from './sweep-runs.ts';

/** The background work of one web process: dispatching, time, output. Any number of processes may run one each. */
export interface RunEngine {
  start(): void;
  /** Ends loops and timers and closes the agents' sockets with "going away"; what was begun is in the rows. */
  stop(): Promise<void>;
  /** One pass of each loop, for tests and for the moment after a start. */
  dispatchOnce(): Promise<void>;
  sweepOnce(): Promise<void>;
}

export interface RunEngineOptions {
  /** How often loops look by themselves, in ms. */
  dispatchEveryMs?: number;
  sweepEveryMs?: number;
  commitEveryMs?: number;
  /** Where the committer reaches the relay, if not at `resources.relayUrl(null)`. Null: outputs are not written into documents. */
  relayUrl?: string | null;
}

/** Makes the engine of this process; `start` it once its sockets are served. */
export function createRunEngine(resources: Resources, options: RunEngineOptions = {}): RunEngine {
  const context = dispatchContextOf(resources);
  const connections = connectionsOf(resources);
  const stopForwarding = forwardChanges(resources, connections);
  const unsubscribe: (() => void)[] = [];
  const loops: Loop[] = [];
  const dispatcher = createDispatcher(resources, context);
  let committer: ReturnType<typeof commitOutputs> | null = null;

  const dispatchOnce = async () => {
    await dispatcher.all();
    await dispatcher.settled();
  };
  const sweepOnce = async () => {
    await sweepPresence(resources);
    await sweepRuns(resources);
  };

  return {
    dispatchOnce,
    sweepOnce,
    start() {
      const dispatching = startLoop('dispatch', options.dispatchEveryMs ?? 3_000, resources.log, dispatcher.all);
      const sweeper = startLoop('sweep', options.sweepEveryMs ?? 1_000, resources.log, sweepOnce);
      loops.push(dispatching, sweeper);
      unsubscribe.push(
        resources.bus.subscribe('runs.wake', dispatching.wake),
        resources.bus.subscribe('flags.changed', dispatching.wake),
        resources.bus.onReconnect(dispatching.wake),
        context.onMayStart(dispatcher.hear),
      );
      if (options.relayUrl !== null) {
        committer = commitOutputs(resources, { relayUrl: options.relayUrl, everyMs: options.commitEveryMs ?? 2_000 });
      }
    },
    async stop() {
      for (const stop of unsubscribe.splice(0)) stop();
      context.stop();
      await Promise.all([...loops.splice(0).map((loop) => loop.stop()), committer?.stop(), dispatcher.settled()]);
      stopForwarding();
      connections.close();
    },
  };
}
