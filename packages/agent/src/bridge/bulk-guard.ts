const MAX_AT_ONCE = 10;
const MAX_SHARE = 0.3;
const SMALL_PROJECT = 3;

/** FB7: true where so many documents would go at once that the person is asked first: more than 10, or 30 % of a project of more than three. */
export function needsAsking(removals: number, documents: number): boolean {
  if (removals > MAX_AT_ONCE) return true;
  return documents > SMALL_PROJECT && removals >= 2 && removals / documents > MAX_SHARE;
}
