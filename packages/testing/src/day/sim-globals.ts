import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import type { SimClock } from './sim-clock.ts';
import type { SimMachine, SimTimer } from './sim-machine.ts';

/** What `setTimeout` answers in a simulated machine. */
class SimHandle {
  readonly machine: SimMachine;
  readonly timer: SimTimer;
  constructor(machine: SimMachine, timer: SimTimer) {
    this.machine = machine;
    this.timer = timer;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  clear(): void {
    this.machine.timers.delete(this.timer);
  }
}

type Call = (...args: unknown[]) => void;

/**
 * Puts the clock, the timers and the chance of this process into the hands of the simulated machine whose code asks; code of no machine
 * keeps the real ones. Returns the function that undoes it.
 */
export function installGlobals(clock: SimClock): () => void {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval };
  const realNow = Date.now;
  const realRandom = Math.random;
  const realSleep = timersPromises.setTimeout;

  const timer =
    (repeats: boolean) =>
    (call: Call, ms = 0, ...args: unknown[]) => {
      const machine = clock.current;
      if (!machine) return (repeats ? real.setInterval : real.setTimeout)(call, ms, ...args);
      return new SimHandle(
        machine,
        clock.schedule(machine, () => call(...args), Number(ms), repeats),
      );
    };
  const clear = (handle: unknown) => {
    if (handle instanceof SimHandle) handle.clear();
    else real.clearTimeout(handle as NodeJS.Timeout);
  };
  const sleep = (ms = 0, value?: unknown, options?: { signal?: AbortSignal }) => {
    const machine = clock.current;
    if (!machine) return realSleep(ms, value, options);
    return new Promise((resolve, reject) => {
      const waits = clock.schedule(machine, () => resolve(value), ms);
      options?.signal?.addEventListener('abort', () => {
        machine.timers.delete(waits);
        reject(options.signal!.reason);
      });
    });
  };

  Object.assign(globalThis, { setTimeout: timer(false), setInterval: timer(true), clearTimeout: clear, clearInterval: clear });
  Date.now = () => clock.current?.wall ?? realNow();
  Math.random = () => (clock.current ? clock.random() : realRandom());
  const { performance } = globalThis;
  const realPerformance = performance.now.bind(performance);
  performance.now = () => clock.current?.monotonic ?? realPerformance();
  (timersPromises as { setTimeout: unknown }).setTimeout = sleep;
  syncBuiltinESMExports();
  return () => {
    Object.assign(globalThis, real);
    Date.now = realNow;
    Math.random = realRandom;
    performance.now = realPerformance;
    timersPromises.setTimeout = realSleep;
    syncBuiltinESMExports();
  };
}
