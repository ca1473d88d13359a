import type { Resources } from '../resources.ts';
import type { RunRow } from './run-row.ts';
import { UnfitMemory } from './unfit-memory.ts';

/** What the dispatcher of this process remembers between passes, with timers that `stop` ends. */
export interface DispatchContext {
  readonly unfit: UnfitMemory;
  /** Runs something once, unless the engine stops before. */
  later(task: () => Promise<unknown>, ms: number): void;
  /** RU13: not offered again before that many ms, unless a device says it is idle. */
  busy(runId: string, ms: number): void;
  isBusy(runId: string): boolean;
  /** RU8: hears after a commit that the session of a run may have something to offer; `ended`: that the run is over. */
  handOver(run: RunRow, ended: boolean): void;
  /** Names who does that; without anybody the dispatchers are woken. Returns the end of it. */
  onHandOver(listener: (run: RunRow, ended: boolean) => void): () => void;
  /** A device came, or a runtime became idle: everything may be tried again. */
  deviceChanged(deviceId: string): void;
  stop(): void;
}

const made = new WeakMap<Resources, DispatchContext>();

/** The context of this process; made once a `Resources` object. */
export function dispatchContextOf(resources: Resources): DispatchContext {
  let context = made.get(resources);
  if (!context) {
    context = createContext(resources);
    made.set(resources, context);
  }
  return context;
}

function createContext(resources: Resources): DispatchContext {
  const now = () => resources.clock.now().getTime();
  const unfit = new UnfitMemory(now);
  const timers = new Set<NodeJS.Timeout>();
  const busyUntil = new Map<string, number>();
  let listener: ((run: RunRow, ended: boolean) => void) | null = null;
  const later = (task: () => Promise<unknown>, ms: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      task().catch((err) => resources.log.warn({ err }, 'a timer of the dispatcher failed; the sweep does its work'));
    }, ms);
    timers.add(timer);
  };
  return {
    unfit,
    later,
    busy(runId, ms) {
      busyUntil.set(runId, now() + ms);
      later(async () => {
        busyUntil.delete(runId);
        await resources.bus.publish({ topic: 'runs.wake' });
      }, ms);
    },
    isBusy: (runId) => (busyUntil.get(runId) ?? 0) > now(),
    handOver(run, ended) {
      if (listener) listener(run, ended);
      else void resources.bus.publish({ topic: 'runs.wake' }).catch(() => undefined);
    },
    onHandOver(heard) {
      listener = heard;
      return () => {
        listener = null;
      };
    },
    deviceChanged(deviceId) {
      unfit.forgetDevice(deviceId);
      busyUntil.clear();
    },
    stop() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      made.delete(resources);
    },
  };
}
