import type { Resources } from '../resources.ts';

/** Work of one kind, done together where it waits at the same time. */
export interface Gathered<Item, Result> {
  /**
   * Does many in one transaction and answers for those it did: it may leave some out. Where it rejects, nobody of them was answered. It
   * must not wait long for what only one of them needs (`waitBriefly`).
   */
  together(resources: Resources, items: readonly Item[]): Promise<ReadonlyMap<Item, Result>>;
  /** Does one by itself: what came alone, was left out, or was in a group that failed. Must bear that it was done already. */
  alone(resources: Resources, item: Item): Promise<Result>;
  /** Of how many a group is made at most. */
  readonly most: number;
}

/** So many transactions at a time. */
const AT_ONCE = 2;
/** One that takes longer waits for a lock somebody has: the rest does not wait for it as well. In ms. */
const STUCK_MS = 500;

/**
 * Group commit: what is asked while transactions of this kind are under way in this process joins the next one. Nothing waits for others to
 * come: with little to do, each is done alone and at once. One that fails does not fail those it was grouped with.
 */
export function gathered<Item, Result>(work: Gathered<Item, Result>): (resources: Resources, item: Item) => Promise<Result> {
  const made = new WeakMap<Resources, Gather<Item, Result>>();
  return (resources, item) => {
    let gather = made.get(resources);
    if (!gather) {
      gather = new Gather(resources, work);
      made.set(resources, gather);
    }
    return gather.do(item);
  };
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result | Promise<Result>) => void;
}

class Gather<Item, Result> {
  readonly #resources: Resources;
  readonly #work: Gathered<Item, Result>;
  #waiting: Waiting<Item, Result>[] = [];
  #underWay = 0;

  constructor(resources: Resources, work: Gathered<Item, Result>) {
    this.#resources = resources;
    this.#work = work;
  }

  do(item: Item): Promise<Result> {
    return new Promise((resolve) => {
      this.#waiting.push({ item, resolve });
      // What else this turn asks for comes along.
      if (this.#waiting.length === 1) queueMicrotask(() => this.#next());
    });
  }

  #next(): void {
    while (this.#underWay < AT_ONCE && this.#waiting.length > 0) {
      this.#underWay++;
      let counts = true;
      const over = () => {
        clearTimeout(stuck);
        if (!counts) return;
        counts = false;
        this.#underWay--;
        this.#next();
      };
      const stuck = setTimeout(over, STUCK_MS);
      void this.#begin(this.#waiting.splice(0, this.#work.most)).finally(over);
    }
  }

  async #begin(group: readonly Waiting<Item, Result>[]): Promise<void> {
    const { together, alone } = this.#work;
    const [only] = group;
    if (group.length === 1 && only) {
      const result = alone(this.#resources, only.item);
      only.resolve(result);
      await result.catch(() => undefined);
      return;
    }
    const items = group.map(({ item }) => item);
    const done = await together(this.#resources, items).catch(() => new Map<Item, Result>());
    for (const { item, resolve } of group) resolve(done.has(item) ? (done.get(item) as Result) : alone(this.#resources, item));
  }
}
