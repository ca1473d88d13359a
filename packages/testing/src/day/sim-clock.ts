import { AsyncLocalStorage } from 'node:async_hooks';
import { idle } from './sim-idle.ts';
import { SimMachine, type SimTimer } from './sim-machine.ts';

/** Timers this close together may fall into each other's work; farther ones wait until all is quiet. In ms. */
const OVERLAP_MS = 40;
const OVERLAPS = 0.3;

/**
 * The time of a simulated world. It stands still while anything works (a query, a write to disk), then jumps to the next timer of a
 * machine that is awake. Code belongs to the machine in whose name it was begun, through whatever it awaits.
 */
export class SimClock {
  #now: number;
  #order = 0;
  readonly #random: () => number;
  readonly #current = new AsyncLocalStorage<SimMachine | null>();
  readonly #machines = new Set<SimMachine>();
  /** What a timer threw; nothing may. */
  readonly errors: unknown[] = [];

  constructor(start: number, random: () => number) {
    this.#now = start;
    this.#random = random;
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#now;
  }

  /** The machine whose code asks; null outside of the simulated world. */
  get current(): SimMachine | null {
    return this.#current.getStore() ?? null;
  }

  random(): number {
    return this.#random();
  }

  machine(name: string, skewMs = 0): SimMachine {
    const machine = new SimMachine(this, name, skewMs);
    this.#machines.add(machine);
    return machine;
  }

  as<T>(machine: SimMachine | null, work: () => T): T {
    return this.#current.run(machine, work);
  }

  /** A timer of `machine`; one of the dead never comes. */
  schedule(machine: SimMachine, call: () => void, ms: number, repeats = false): SimTimer {
    const wait = Math.max(Number.isFinite(ms) ? ms : 1, repeats ? 1 : 0);
    const timer = { due: machine.monotonic + wait, order: this.#order++, every: repeats ? wait : null, call };
    if (!machine.dead) machine.timers.add(timer);
    return timer;
  }

  /** Lets `ms` pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      const before = this.#next(until);
      if (!before || before.at - this.#now > OVERLAP_MS || this.#random() > OVERLAPS) await idle();
      const next = this.#next(until);
      if (!next) break;
      this.#now = Math.max(this.#now, next.at);
      this.#fire(next.machine, next.timer);
    }
    this.#now = until;
  }

  /** Lets `ms` pass at once, as if everything had been frozen: what was due meanwhile comes late. For hours in which everyone sleeps. */
  async leap(ms: number): Promise<void> {
    await idle();
    this.#now += ms;
    await this.advance(0);
  }

  #next(until: number): { machine: SimMachine; timer: SimTimer; at: number } | null {
    let best: { machine: SimMachine; timer: SimTimer; at: number } | null = null;
    for (const machine of this.#machines) {
      if (machine.dead) this.#machines.delete(machine);
      if (machine.asleep || machine.dead) continue;
      const behind = this.#now - machine.monotonic;
      for (const timer of machine.timers) {
        const at = timer.due + behind;
        if (at <= until && (!best || at < best.at || (at === best.at && timer.order < best.timer.order))) best = { machine, timer, at };
      }
    }
    return best;
  }

  #fire(machine: SimMachine, timer: SimTimer): void {
    if (timer.every === null) machine.timers.delete(timer);
    else timer.due = machine.monotonic + timer.every;
    try {
      machine.run(timer.call);
    } catch (error) {
      this.errors.push(error);
    }
  }
}
