import { applyEdits, endOf, firstEndingAfter, type TextEdit } from './text-edits.ts';
import { isWordUnit } from './utf8.ts';

type Word = { from: number; to: number };

/**
 * Where both sides changed one word of `base`, and one of them took part of it away, each side's changes become one replacement of the
 * whole word: both new words then stand side by side, instead of their letters mixed. Other edits are as they were.
 */
export function widenSharedWords(base: string, mine: readonly TextEdit[], other: readonly TextEdit[]): [TextEdit[], TextEdit[]] {
  const words: Word[] = [];
  let j = 0;
  for (const edit of mine) {
    while (j < other.length && endOf(other[j]!) < edit.at) j++;
    for (let k = j; k < other.length && other[k]!.at <= endOf(edit); k++) {
      const word = sharedWord(base, edit, other[k]!);
      const last = words.at(-1);
      if (word && (!last || last.to < word.from)) words.push(word);
    }
  }
  const whole = words.filter((word) => !isCrossed(mine, word) && !isCrossed(other, word));
  return words.length === 0 ? [[...mine], [...other]] : [absorb(base, mine, whole), absorb(base, other, whole)];
}

function sharedWord(base: string, a: TextEdit, b: TextEdit): Word | null {
  if (a.insert === '' || b.insert === '' || a.remove + b.remove === 0) return null;
  if (a.at === b.at && a.remove === b.remove) return null;
  let from = Math.min(a.at, b.at);
  let to = Math.max(endOf(a), endOf(b));
  for (let at = from; at < to; at++) if (!isWordUnit(base.charCodeAt(at))) return null;
  while (from > 0 && isWordUnit(base.charCodeAt(from - 1))) from--;
  while (to < base.length && isWordUnit(base.charCodeAt(to))) to++;
  const word = { from, to };
  return isPartOf(a, word) && isPartOf(b, word) ? word : null;
}

/** False for what is only put beside the word, as " and more" after it. */
function isPartOf(edit: TextEdit, word: Word): boolean {
  if (edit.remove > 0 || (edit.at > word.from && edit.at < word.to)) return true;
  return isWordUnit(edit.insert.charCodeAt(edit.at === word.to ? 0 : edit.insert.length - 1));
}

function absorb(base: string, edits: readonly TextEdit[], words: readonly Word[]): TextEdit[] {
  const widened: TextEdit[] = [];
  let i = 0;
  for (const { from, to } of words) {
    while (i < edits.length && !isWithin(edits[i]!, { from, to })) widened.push(edits[i++]!);
    const inside: TextEdit[] = [];
    for (; i < edits.length && isWithin(edits[i]!, { from, to }); i++) inside.push({ ...edits[i]!, at: edits[i]!.at - from });
    if (inside.length > 0) widened.push({ at: from, remove: to - from, insert: applyEdits(base.slice(from, to), inside) });
  }
  return [...widened, ...edits.slice(i)];
}

/** True when an edit lies partly in and partly out of the word: it cannot be widened then. */
function isCrossed(edits: readonly TextEdit[], word: Word): boolean {
  for (let i = firstEndingAfter(edits, word.from); i < edits.length && edits[i]!.at < word.to; i++) {
    if (!isApart(edits[i]!, word) && !isWithin(edits[i]!, word)) return true;
  }
  return false;
}

function isWithin(edit: TextEdit, word: Word): boolean {
  return edit.at >= word.from && endOf(edit) <= word.to;
}

function isApart(edit: TextEdit, word: Word): boolean {
  return endOf(edit) <= word.from || edit.at >= word.to;
}
