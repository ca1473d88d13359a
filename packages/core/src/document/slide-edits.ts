import { joinEdits, type TextEdit } from './text-edits.ts';
import { splitsPair } from './utf8.ts';

/**
 * Moves each pure insertion or deletion, among the places where it means the same ("a|b" + "b"), to a canonical one: the start of a line
 * if there is one, else of a word, else the last. So that two sides that made the same change have the same edit, and an inserted line
 * is an inserted line. Takes and gives ascending edits of `text`.
 */
export function slideEdits(text: string, edits: readonly TextEdit[]): TextEdit[] {
  const moved: TextEdit[] = [];
  edits.forEach((edit, i) => {
    const last = moved.at(-1);
    const low = last ? last.at + last.remove : 0;
    const high = edits[i + 1]?.at ?? text.length;
    moved.push(edit.remove > 0 && edit.insert !== '' ? edit : slide(text, edit, low, high));
  });
  return joinEdits(moved);
}

function slide(text: string, edit: TextEdit, low: number, high: number): TextEdit {
  const end = edit.at + edit.remove;
  const run = edit.remove > 0 ? text.slice(edit.at, end) : edit.insert;
  const length = run.length;
  // Character k of: text before the edit (k < 0), what is inserted or deleted, text after it.
  const at = (k: number): number =>
    k < 0 ? text.charCodeAt(edit.at + k) : k < length ? run.charCodeAt(k) : text.charCodeAt(end + k - length);
  let left = 0;
  while (edit.at - left > low && at(-left - 1) === at(-left - 1 + length)) left++;
  let right = 0;
  while (end + right < high && at(right) === at(right + length)) right++;
  let best = 0;
  let bestScore = -1;
  for (let shift = right; shift >= -left && bestScore < 3; shift--) {
    const score = scorePlace(edit.at + shift === 0 ? 10 : at(shift - 1), at(shift), at(shift + length - 1));
    if (score > bestScore) {
      best = shift;
      bestScore = score;
    }
  }
  return shifted(text, edit, run, best);
}

/** Of a place between the units `before` and `first`, with `last` the last unit moved: -1 inside a pair, 3 at a line's start, 2 a word's. */
function scorePlace(before: number, first: number, last: number): number {
  if ((first & 0xfc00) === 0xdc00 || (last & 0xfc00) === 0xd800) return -1;
  if (before === 10 && last === 10) return 3;
  return before === 32 || before === 10 ? 2 : 1;
}

function shifted(text: string, edit: TextEdit, run: string, shift: number): TextEdit {
  if (shift === 0 || splitsPair(text, edit.at + shift)) return edit;
  const at = edit.at + shift;
  if (edit.remove > 0) return { ...edit, at };
  const around = shift > 0 ? (run + text.slice(edit.at, at)).slice(shift) : (text.slice(at, edit.at) + run).slice(0, run.length);
  return { at, remove: 0, insert: around };
}
