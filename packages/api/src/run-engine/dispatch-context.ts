import type { Resources } from '../resources.ts';
import { UnfitMemory } from './unfit-memory.ts';

/** Whose waiting runs to look at. `cloud`: a place of the cloud became free, which others may wait for. */
export interface Heard {
  readonly userId: string;
  readonly cloud: boolean;
}

/** What the dispatcher of this process remembers between passes, with timers that `stop` ends. */
export interface DispatchContext {
  readonly unfit: UnfitMemory;
  /** Runs something once, unless the engine stops before. */
  later(task: () => Promise<unknown>, ms: number): void;
  /** RU13: not offered again before that many ms, unless a device says it is idle. */
  busy(runId: string, ms: number): void;
  isBusy(runId: string): boolean;
  /** RU8, RU9: says after a commit that something of a person's that waits may be offered now. */
  mayStart(heard: Heard): void;
  /** Names who looks; without anybody the dispatchers are woken. Returns the end of it. */
  onMayStart(listener: (heard: Heard) => void): () => void;
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
  let listener: ((heard: Heard) => void) | null = null;
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
    mayStart(heard) {
      if (listener) listener(heard);
      else void resources.bus.publish({ topic: 'runs.wake' }).catch(() => undefined);
    },
    onMayStart(given) {
      listener = given;
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
