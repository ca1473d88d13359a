const MAX_TABLE = 4_000_000;

/**
 * The lines two texts share, in order. As the base of a merge they make all else of both an addition, so that neither loses anything.
 * Beyond 4 million comparisons only the common start and end count.
 */
export function commonLines(a: string, b: string): string {
  const [left, right] = [splitLines(a), splitLines(b)];
  let start = 0;
  while (start < left.length && left[start] === right[start]) start++;
  let end = 0;
  while (end < Math.min(left.length, right.length) - start && left.at(-1 - end) === right.at(-1 - end)) end++;
  const middle = longestCommon(left.slice(start, left.length - end), right.slice(start, right.length - end));
  return [...left.slice(0, start), ...middle, ...left.slice(left.length - end)].join('');
}

function longestCommon(a: readonly string[], b: readonly string[]): string[] {
  if (a.length === 0 || b.length === 0 || a.length * b.length > MAX_TABLE) return [];
  const width = b.length + 1;
  // lengths[i * width + j]: of the longest common part of a from i and b from j.
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const skip = Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
      lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1]! + 1 : skip;
    }
  }
  const found: string[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      found.push(a[i]!);
      i++;
      j++;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return found;
}

function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
