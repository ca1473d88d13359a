import { slideEdits } from './slide-edits.ts';
import { joinEdits, type TextEdit } from './text-edits.ts';
import { type Budget, diffTokens, type TokenGap } from './token-diff.ts';
import { isWordUnit, splitsPair } from './utf8.ts';

// Longer stretches are not compared by characters, or by words: they count as rewritten.
const MAX_CHARACTER_DIFF = 20_000;
const MAX_WORD_DIFF = 200_000;
// A few hundred milliseconds at worst, on any two texts.
const SEARCH_STEPS = 3_000_000;

/**
 * The edits that make `to` of `from`: ascending, not overlapping, all in offsets of `from`. Fine to the character inside changed words,
 * never inside a surrogate pair; the work is bounded, so that a rewritten text comes as few large edits. The same change gets the same
 * edit, whatever changed elsewhere.
 */
export function diffEdits(from: string, to: string): TextEdit[] {
  if (from === to) return [];
  const edits = diffLevel(from, to, 0, LEVELS, { steps: SEARCH_STEPS });
  return slideEdits(from, joinEdits(edits));
}

type Level = { split: (text: string) => string[]; limit: number };

const LEVELS: readonly Level[] = [
  { split: (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [], limit: Number.POSITIVE_INFINITY },
  { split: (text) => text.match(/[\p{L}\p{M}\p{N}_]+|\r\n|[ \t]+|[\s\S]/gu) ?? [], limit: MAX_WORD_DIFF },
  { split: (text) => Array.from(text), limit: MAX_CHARACTER_DIFF },
];

/** Differences of two stretches by the first of the levels, each gap refined by the next; `offset` is where the old stretch starts. */
function diffLevel(from: string, to: string, offset: number, levels: readonly Level[], budget: Budget): TextEdit[] {
  let start = commonStart(from, to);
  let end = commonEnd(from, to, start);
  const [level, ...finer] = levels;
  const trimmed: TextEdit = { at: offset + start, remove: from.length - end - start, insert: to.slice(start, to.length - end) };
  if (!level || trimmed.remove === 0 || trimmed.insert === '' || trimmed.remove + trimmed.insert.length > level.limit) return [trimmed];
  if (finer.length > 0) {
    // Words are compared whole, so that half of one is not taken for another.
    while (start > 0 && (insideWord(from, start) || insideWord(to, start))) start--;
    while (end > 0 && (insideWord(from, from.length - end) || insideWord(to, to.length - end))) end--;
  }
  const oldText = from.slice(start, from.length - end);
  const newText = to.slice(start, to.length - end);
  const oldTokens = level.split(oldText);
  const newTokens = level.split(newText);
  const oldOffsets = offsetsOf(oldTokens);
  const newOffsets = offsetsOf(newTokens);
  const gaps = diffTokens(oldTokens, newTokens, budget);
  return (finer.length === 0 ? swallowSlivers(gaps) : gaps).flatMap((gap) => {
    const before = oldText.slice(oldOffsets[gap.oldFrom], oldOffsets[gap.oldTo]);
    const after = newText.slice(newOffsets[gap.newFrom], newOffsets[gap.newTo]);
    const at = offset + start + oldOffsets[gap.oldFrom]!;
    // Characters are compared where one word became another; several new words for others are all new.
    const several = gap.oldTo - gap.oldFrom !== 1 || gap.newTo - gap.newFrom !== 1;
    if (finer.length === 0 || (finer.length === 1 && several))
      return [trimToInsertion({ at, remove: before.length, insert: after }, before)];
    return diffLevel(before, after, at, finer, budget);
  });
}

/** The edit without what stays the same at its ends, if that leaves only an insertion or a deletion ("ab" to "a b"). */
function trimToInsertion(edit: TextEdit, before: string): TextEdit {
  const start = commonStart(before, edit.insert);
  const end = commonEnd(before, edit.insert, start);
  const remove = before.length - start - end;
  const insert = edit.insert.slice(start, edit.insert.length - end);
  return remove === 0 || insert === '' ? { at: edit.at + start, remove, insert } : edit;
}

function insideWord(text: string, offset: number): boolean {
  return offset > 0 && offset < text.length && isWordUnit(text.charCodeAt(offset - 1)) && isWordUnit(text.charCodeAt(offset));
}

/** Joins gaps around equal characters that are there by chance: fewer than what changed on both sides of them, in a rewritten word. */
function swallowSlivers(gaps: readonly TokenGap[]): TokenGap[] {
  const kept: TokenGap[] = [];
  for (const gap of gaps) {
    const last = kept.at(-1);
    if (last && isSliver(last, gap)) {
      last.oldTo = gap.oldTo;
      last.newTo = gap.newTo;
    } else kept.push({ ...gap });
  }
  return kept;
}

function isSliver(a: TokenGap, b: TokenGap): boolean {
  const equal = b.oldFrom - a.oldTo;
  const removed = [a.oldTo - a.oldFrom, b.oldTo - b.oldFrom] as const;
  const inserted = [a.newTo - a.newFrom, b.newTo - b.newFrom] as const;
  if (removed[0] + removed[1] === 0 || inserted[0] + inserted[1] === 0) return false;
  return equal <= Math.max(removed[0], inserted[0]) && equal <= Math.max(removed[1], inserted[1]);
}

function offsetsOf(tokens: readonly string[]): number[] {
  const offsets = [0];
  for (const token of tokens) offsets.push(offsets.at(-1)! + token.length);
  return offsets;
}

function commonStart(a: string, b: string): number {
  const limit = Math.min(a.length, b.length);
  let at = 0;
  while (at < limit && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return splitsPair(a, at) || splitsPair(b, at) ? at - 1 : at;
}

function commonEnd(a: string, b: string, start: number): number {
  const limit = Math.min(a.length, b.length) - start;
  let count = 0;
  while (count < limit && a.charCodeAt(a.length - 1 - count) === b.charCodeAt(b.length - 1 - count)) count++;
  return splitsPair(a, a.length - count) || splitsPair(b, b.length - count) ? count - 1 : count;
}
