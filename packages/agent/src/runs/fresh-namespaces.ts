import type { Runtime } from '../runtimes/runtime.ts';

/** Knows which runtimes ran something since they started or were emptied. A registered one may hold anything, so it is never fresh. */
export class FreshNamespaces {
  readonly #used = new WeakSet<Runtime>();

  /** True the first time. */
  take(runtime: Runtime): boolean {
    const fresh = runtime.kind !== 'registered' && !this.#used.has(runtime);
    this.#used.add(runtime);
    return fresh;
  }

  emptied(runtime: Runtime): void {
    this.#used.delete(runtime);
  }
}
