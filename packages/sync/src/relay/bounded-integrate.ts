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
    const { store } = transaction.doc;
    const left = offset === 0 ? this.left : beginningOf(this, offset, store);
    checkPlace(this, left);
    stepsLeft -= stepsToPlace(this, left, store);
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
 * Whoever wrote a struct saw the two it names side by side. So the left one comes first, and neither names what is between them: who
 * named that one as a neighbour had seen it there. Where that does not hold, Yjs puts the struct into another place for each order in which a
 * reader gets the rest. Looked for as far as the time allows: others may honestly have written a lot in between.
 */
function checkPlace({ left: named, right, origin }: Y.Item, left: Y.Item | null): void {
  const isItem = (neighbour: Y.Item | null): boolean => neighbour === null || neighbour instanceof Y.Item;
  if (!isItem(left) || !isItem(right)) {
    // Collected with the type it was in, as the other one must be: who still has it would show the struct beside that.
    if (isShown(left) || isShown(right)) throw misplaced();
    return;
  }
  if (left && left === named && !Y.compareIDs(left.lastId, origin)) throw misplaced();
  if (right) {
    for (let between = right.left; between !== left && looksLeft-- > 0; between = between.left)
      if (!between || holds(between, right.origin) || holds(between, left?.rightOrigin)) throw misplaced();
  } else if (left?.rightOrigin) throw misplaced();
}

/** Whether what a neighbour is in is there. */
function isShown(neighbour: Y.Item | null): boolean {
  if (!(neighbour instanceof Y.Item)) return false;
  const list = (neighbour.parent as Y.AbstractType<unknown> | null)?._item;
  return list === null || list?.deleted === false;
}

const holds = ({ id, length }: Y.Item, wanted: Y.ID | null | undefined): boolean =>
  wanted?.client === id.client && wanted.clock >= id.clock && wanted.clock < id.clock + length;

/**
 * Of a struct that waited, `offset` characters may have come in another way: Yjs puts the rest behind them. An honest struct has them for its own
 * beginning, in the same list. Others wrote two contents under one clock, and who gets only the rest sees it in another place.
 */
function beginningOf({ id, parent, parentSub }: Y.Item, offset: number, store: Store): Y.Item | null {
  const left: unknown = Y.getItem(store, Y.createID(id.client, id.clock + offset - 1));
  if (!(left instanceof Y.Item)) return null;
  // Without a list it is collected at once, as its beginning must be then.
  if (parent === null ? isShown(left) : left.parent !== parent || left.parentSub !== parentSub) throw misplaced();
  return left;
}

const misplaced = () => new BadFrame('a struct lies between what does not enclose it');

type Store = Y.Doc['store'];
type List = { _start: Y.Item | null; _map: Map<string, Y.Item> };

/** How far Yjs walks, counted until the budget is used up: the same loop as in Yjs's `Item.integrate`, without its writing. */
function stepsToPlace(item: Y.Item, left: Y.Item | null, store: Store): number {
  const { right } = item;
  const origin = left === item.left ? item.origin : (left?.lastId ?? null);
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
    if (Y.compareIDs(origin, other.origin)) {
      if (other.id.client >= item.id.client && Y.compareIDs(item.rightOrigin, other.rightOrigin)) break;
    } else if (!other.origin || !before.has(Y.getItem(store, other.origin))) break;
  }
  return steps;
}
