import * as Y from 'yjs';
import { BadFrame } from './bad-frame.ts';

// Going from one struct to the next costs a hundredth of a step.
const LOOKS = 1_000_000;

/** SY14: an update would take Yjs more steps than any honest one does. What it was applied to may hold half of it. */
export class TooManySteps extends Error {
  constructor() {
    super('An update puts more structs into one place than can be sorted in time.');
    this.name = 'TooManySteps';
  }
}

let stepsLeft = Number.POSITIVE_INFINITY;
let looksLeft = 0;
const integrate = Y.Item.prototype.integrate;

/**
 * Yjs finds a struct's place by walking over all that others put there at the same time; an update of some KB made for it has it walk
 * squared, for minutes. Nothing but the walk itself tells how long it is, so it is walked here first, on a budget.
 */
Y.Item.prototype.integrate = function (this: Y.Item, transaction: Y.Transaction, offset: number): void {
  if (stepsLeft !== Number.POSITIVE_INFINITY) {
    if (offset === 0) checkPlace(this);
    stepsLeft -= stepsToPlace(this, transaction.doc.store);
    if (stepsLeft < 0) throw new TooManySteps();
  }
  integrate.call(this, transaction, offset);
};

/**
 * Runs `apply`, within which Yjs may take so many steps to place structs. Throws {@link TooManySteps}, and {@link BadFrame} where a struct
 * is in no place at all. Not to be nested.
 */
export function withSteps<T>(steps: number, apply: () => T): T {
  stepsLeft = steps;
  looksLeft = LOOKS;
  try {
    return apply();
  } finally {
    stepsLeft = Number.POSITIVE_INFINITY;
  }
}

/**
 * What a struct was put between has to be there in that order, or where it ends up depends on how Yjs happens to hold its neighbours,
 * and readers differ. Looked for as far as the time allows: others may honestly have written a lot in between.
 */
function checkPlace({ left, right, origin }: Y.Item): void {
  if (!(left instanceof Y.Item)) return;
  if (!Y.compareIDs(left.lastId, origin)) throw new BadFrame('a struct lies between what does not enclose it');
  if (!(right instanceof Y.Item)) return;
  let next = left.right;
  while (next && next !== right && looksLeft-- > 0) next = next.right;
  if (!next) throw new BadFrame('a struct lies between what does not enclose it');
}

type Store = Y.Doc['store'];
type List = { _start: Y.Item | null; _map: Map<string, Y.Item> };

/** How far Yjs walks, counted until the budget is used up: the same loop as in Yjs's `Item.integrate`, without its writing. */
function stepsToPlace(item: Y.Item, store: Store): number {
  const { left, right } = item;
  const parent = item.parent as unknown as List | null | undefined;
  if (!parent || (left ? left.right === right : right !== null && right.left === null)) return 0;
  let steps = 0;
  let other = left ? left.right : parent._start;
  if (!left && item.parentSub !== null) {
    other = parent._map.get(item.parentSub) ?? null;
    for (; other?.left && steps <= stepsLeft; other = other.left) steps++;
  }
  const before = new Set<Y.Item>();
  for (; other && other !== right && steps <= stepsLeft; other = other.right) {
    steps++;
    before.add(other);
    if (Y.compareIDs(item.origin, other.origin)) {
      if (other.id.client >= item.id.client && Y.compareIDs(item.rightOrigin, other.rightOrigin)) break;
    } else if (!other.origin || !before.has(Y.getItem(store, other.origin))) break;
  }
  return steps;
}
