import type { SimClock } from './sim-clock.ts';

/** A timer of one machine. `due`: on the machine's own clock, which stands still while it sleeps. */
export interface SimTimer {
  due: number;
  readonly order: number;
  readonly every: number | null;
  readonly call: () => void;
}

/** A computer or process with a clock of its own: it sleeps (its timers wait), wakes, and dies (nothing of it ever happens again). */
export class SimMachine {
  readonly name: string;
  readonly timers = new Set<SimTimer>();
  readonly #clock: SimClock;
  /** How much its wall clock is ahead, in ms. */
  readonly #skewMs: number;
  #sleptMs = 0;
  #asleepSince: number | null = null;
  #dead = false;
  #onWake: (() => void)[] = [];

  constructor(clock: SimClock, name: string, skewMs: number) {
    this.#clock = clock;
    this.name = name;
    this.#skewMs = skewMs;
  }

  get asleep(): boolean {
    return this.#asleepSince !== null;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** What `performance.now` says here: the time it was awake. */
  get monotonic(): number {
    return (this.#asleepSince ?? this.#clock.now) - this.#sleptMs;
  }

  /** What `Date.now` says here. */
  get wall(): number {
    return Math.floor((this.#asleepSince ?? this.#clock.now) + this.#skewMs);
  }

  /** Runs something as if this machine did it: its timers and its clock are this machine's. */
  run<T>(work: () => T): T {
    return this.#clock.as(this, work);
  }

  sleep(): void {
    this.#asleepSince ??= this.#clock.now;
  }

  wake(): void {
    if (this.#asleepSince === null) return;
    this.#sleptMs += this.#clock.now - this.#asleepSince;
    this.#asleepSince = null;
    for (const act of this.#onWake.splice(0)) act();
  }

  /** Runs once it is awake. */
  whenAwake(act: () => void): void {
    if (this.#dead) return;
    if (this.asleep) this.#onWake.push(act);
    else act();
  }

  die(): void {
    this.#dead = true;
    this.timers.clear();
    this.#onWake = [];
  }
}
