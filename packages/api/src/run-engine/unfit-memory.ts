/** Why a device is left out. `away`: it did not answer, which routing treats as offline. */
export interface Unfit {
  why: string;
  away: boolean;
}

type Entry = Unfit & { until: number; times: number };

/** How long a device that failed a run is left out of its routing, in ms; doubled with each failure up to the most. */
const FIRST_MS = 3_000;
const MOST_MS = 60_000;
/** Runs that ended are not told of; the oldest are forgotten. */
const MOST_RUNS = 1_000;

/** Which devices failed which run a moment ago. Kept by one process and lost with it: the cost is one more offer. */
export class UnfitMemory {
  readonly #runs = new Map<string, Map<string, Entry>>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param why in words for the person, naming the device */
  add(runId: string, deviceId: string, why: string, away = false): void {
    const devices = this.#runs.get(runId) ?? new Map<string, Entry>();
    const times = (devices.get(deviceId)?.times ?? 0) + 1;
    devices.set(deviceId, { why, away, times, until: this.#now() + Math.min(FIRST_MS * 2 ** (times - 1), MOST_MS) });
    this.#runs.set(runId, devices);
    if (this.#runs.size > MOST_RUNS) this.#runs.delete(this.#runs.keys().next().value!);
  }

  /** The devices to leave out now. */
  of(runId: string): ReadonlyMap<string, Unfit> {
    return new Map([...(this.#runs.get(runId) ?? [])].filter(([, entry]) => entry.until > this.#now()));
  }

  /** A device came or changed: what it failed before says nothing any more. */
  forgetDevice(deviceId: string): void {
    for (const devices of this.#runs.values()) devices.delete(deviceId);
  }

  forget(runId: string): void {
    this.#runs.delete(runId);
  }
}
