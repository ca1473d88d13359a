import { diffArrays } from 'diff';

/** A stretch that differs: tokens `oldFrom`..`oldTo` became `newFrom`..`newTo` (token indexes). */
export type TokenGap = { oldFrom: number; oldTo: number; newFrom: number; newTo: number };

// The shortest-edit search costs about (length + D²): beyond this a stretch counts as rewritten.
const MAX_EDIT_LENGTH = 300;

/**
 * Where two token lists differ, in order. Tokens that occur once on each side anchor the search (patience), the stretches between get a
 * shortest edit script; a stretch that is rewritten beyond measure comes as one gap. Never quadratic.
 */
export function diffTokens(oldTokens: readonly string[], newTokens: readonly string[]): TokenGap[] {
  const gaps: TokenGap[] = [];
  let oldFrom = 0;
  let newFrom = 0;
  for (const [oldAt, newAt] of [...anchors(oldTokens, newTokens), [oldTokens.length, newTokens.length] as const]) {
    diffBetween(oldTokens, newTokens, { oldFrom, oldTo: oldAt, newFrom, newTo: newAt }, gaps);
    oldFrom = oldAt + 1;
    newFrom = newAt + 1;
  }
  return gaps;
}

function diffBetween(oldTokens: readonly string[], newTokens: readonly string[], range: TokenGap, gaps: TokenGap[]): void {
  let { oldFrom, oldTo, newFrom, newTo } = range;
  while (oldFrom < oldTo && newFrom < newTo && oldTokens[oldFrom] === newTokens[newFrom]) {
    oldFrom++;
    newFrom++;
  }
  while (oldFrom < oldTo && newFrom < newTo && oldTokens[oldTo - 1] === newTokens[newTo - 1]) {
    oldTo--;
    newTo--;
  }
  if (oldFrom === oldTo && newFrom === newTo) return;
  const script =
    oldFrom < oldTo && newFrom < newTo
      ? diffArrays(oldTokens.slice(oldFrom, oldTo), newTokens.slice(newFrom, newTo), { maxEditLength: MAX_EDIT_LENGTH })
      : undefined;
  if (!script) {
    gaps.push({ oldFrom, oldTo, newFrom, newTo });
    return;
  }
  let gap: TokenGap = { oldFrom, oldTo: oldFrom, newFrom, newTo: newFrom };
  for (const { added, removed, count } of script) {
    if (added) gap.newTo += count;
    else if (removed) gap.oldTo += count;
    else {
      if (gap.oldTo > gap.oldFrom || gap.newTo > gap.newFrom) gaps.push(gap);
      const oldNext = gap.oldTo + count;
      const newNext = gap.newTo + count;
      gap = { oldFrom: oldNext, oldTo: oldNext, newFrom: newNext, newTo: newNext };
    }
  }
  if (gap.oldTo > gap.oldFrom || gap.newTo > gap.newFrom) gaps.push(gap);
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
