import { diffArrays } from 'diff';

/** A stretch that differs: tokens `oldFrom`..`oldTo` became `newFrom`..`newTo` (token indexes). */
export type TokenGap = { oldFrom: number; oldTo: number; newFrom: number; newTo: number };

/** Steps that searches may still take; shared by all searches of one comparison, so that the whole is bounded, not only each part. */
export type Budget = { steps: number };

// A search costs about the square of the edit it finds: beyond this length a stretch counts as rewritten.
const MAX_EDIT_LENGTH = 300;

/**
 * Where two token lists differ, in order. Tokens that occur once on each side anchor the search (patience), the stretches between get a
 * shortest edit script; a stretch that is rewritten beyond measure comes as one gap. Takes from `budget` what it costs.
 */
export function diffTokens(oldTokens: readonly string[], newTokens: readonly string[], budget: Budget): TokenGap[] {
  const gaps: TokenGap[] = [];
  let oldFrom = 0;
  let newFrom = 0;
  for (const [oldAt, newAt] of [...anchors(oldTokens, newTokens), [oldTokens.length, newTokens.length] as const]) {
    gaps.push(...diffBetween(oldTokens, newTokens, { oldFrom, oldTo: oldAt, newFrom, newTo: newAt }, budget));
    oldFrom = oldAt + 1;
    newFrom = newAt + 1;
  }
  return gaps;
}

function diffBetween(oldTokens: readonly string[], newTokens: readonly string[], range: TokenGap, budget: Budget): TokenGap[] {
  let { oldFrom, oldTo, newFrom, newTo } = range;
  while (oldFrom < oldTo && newFrom < newTo && oldTokens[oldFrom] === newTokens[newFrom]) {
    oldFrom++;
    newFrom++;
  }
  while (oldFrom < oldTo && newFrom < newTo && oldTokens[oldTo - 1] === newTokens[newTo - 1]) {
    oldTo--;
    newTo--;
  }
  if (oldFrom === oldTo && newFrom === newTo) return [];
  const whole: TokenGap = { oldFrom, oldTo, newFrom, newTo };
  const maxEditLength = Math.min(MAX_EDIT_LENGTH, Math.floor(Math.sqrt(Math.max(0, budget.steps))));
  if (oldFrom === oldTo || newFrom === newTo || maxEditLength < 2) return [whole];
  const script = diffArrays(oldTokens.slice(oldFrom, oldTo), newTokens.slice(newFrom, newTo), { maxEditLength });
  budget.steps -= Math.min(maxEditLength, oldTo - oldFrom + newTo - newFrom) ** 2;
  return script ? gapsOf(script, oldFrom, newFrom) : [whole];
}

function gapsOf(script: readonly { added: boolean; removed: boolean; count: number }[], oldStart: number, newStart: number): TokenGap[] {
  const gaps: TokenGap[] = [];
  let oldAt = oldStart;
  let newAt = newStart;
  let open: TokenGap | undefined;
  for (const { added, removed, count } of script) {
    if (!added && !removed) open = undefined;
    else if (!open) {
      open = { oldFrom: oldAt, oldTo: oldAt, newFrom: newAt, newTo: newAt };
      gaps.push(open);
    }
    if (!added) oldAt += count;
    if (!removed) newAt += count;
    if (open) {
      open.oldTo = oldAt;
      open.newTo = newAt;
    }
  }
  return gaps;
}

/** Pairs of equal tokens that occur once on each side, in the longest run that rises on both. */
function anchors(oldTokens: readonly string[], newTokens: readonly string[]): (readonly [number, number])[] {
  const newAt = placesOfUnique(newTokens);
  const pairs: (readonly [number, number])[] = [];
  for (const [token, at] of placesOfUnique(oldTokens)) {
    const other = newAt.get(token);
    if (at >= 0 && other !== undefined && other >= 0) pairs.push([at, other]);
  }
  return longestRising(pairs);
}

function placesOfUnique(tokens: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  tokens.forEach((token, at) => {
    places.set(token, places.has(token) ? -1 : at);
  });
  return places;
}

/** The longest subsequence of pairs (rising in the first number) that also rises in the second: patience sorting, n log n. */
function longestRising(pairs: (readonly [number, number])[]): (readonly [number, number])[] {
  const tops: number[] = [];
  const before: number[] = [];
  pairs.forEach(([, value], i) => {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tops[middle]!]![1] < value) low = middle + 1;
      else high = middle;
    }
    before[i] = low > 0 ? tops[low - 1]! : -1;
    tops[low] = i;
  });
  const run: (readonly [number, number])[] = [];
  for (let i = tops.at(-1) ?? -1; i >= 0; i = before[i]!) run.push(pairs[i]!);
  return run.reverse();
}
