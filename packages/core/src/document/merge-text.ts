import { diffEdits } from './diff-edits.ts';
import { applyEdits, firstEndingAfter, joinEdits, type TextEdit } from './text-edits.ts';
import { widenSharedWords } from './widen-words.ts';

export { diffEdits } from './diff-edits.ts';
export { applyEdits, type TextEdit } from './text-edits.ts';

export type MergedText = {
  text: string;
  /** Make `text` of `ours`; ascending, in offsets of `ours`. */
  edits: TextEdit[];
  /** How many places both sides changed, so that a person may want to look. */
  conflicts: number;
};

/**
 * Three-way merge of texts (FB5, FB4). Nothing that either side typed is lost: insertions of both at one place are both kept, ours first
 * (once, if one is the other's start or end), and text that one side deletes while the other edits inside it stays, line by line.
 */
export function mergeText(base: string, ours: string, theirs: string): MergedText {
  if (ours === theirs || base === theirs) return { text: ours, edits: [], conflicts: 0 };
  if (base === ours) return { text: theirs, edits: diffEdits(base, theirs), conflicts: 0 };
  const [mine, other] = widenSharedWords(base, diffEdits(base, ours), diffEdits(base, theirs));
  const rescue = (edits: TextEdit[], against: TextEdit[]): Range[] => edits.flatMap((edit) => deletedPieces(base, edit, against));
  const conflicts = countConflicts(mine, other);
  const edits = weave(base, side(mine, rescue(mine, other)), side(other, rescue(other, mine)));
  return { text: applyEdits(ours, edits), edits, conflicts };
}

type Range = { from: number; to: number };
type Side = { inserts: Map<number, string>; removed: Range[]; kept: Range[] };

/** What one side inserts where, what it removes, and what of that is removed after the other side's edits inside it are spared. */
function side(edits: readonly TextEdit[], removed: Range[]): Side {
  return {
    inserts: new Map(edits.filter((edit) => edit.insert !== '').map((edit) => [edit.at, edit.insert])),
    removed: edits.filter((edit) => edit.remove > 0).map((edit) => ({ from: edit.at, to: edit.at + edit.remove })),
    kept: removed,
  };
}

/** The parts of a deletion that stand: without the lines in which the other side typed. A replacement stands whole. */
function deletedPieces(base: string, edit: TextEdit, against: readonly TextEdit[]): Range[] {
  const from = edit.at;
  const to = edit.at + edit.remove;
  if (from === to) return [];
  const pieces: Range[] = [];
  let start = from;
  if (edit.insert === '') {
    for (let i = firstEndingAfter(against, from); i < against.length && start < to; i++) {
      const { at, remove, insert } = against[i]!;
      if (at >= to) break;
      // Edits without text, or that only touch the deletion, or in lines already spared, need nothing.
      if (insert === '' || at + remove <= start || (remove === 0 && at <= from)) continue;
      const lineStart = at <= start ? start : Math.max(start, base.lastIndexOf('\n', at - 1) + 1);
      const newline = base.indexOf('\n', Math.max(at, at + remove - 1));
      if (lineStart > start) pieces.push({ from: start, to: lineStart });
      start = newline < 0 ? to : Math.min(to, newline + 1);
    }
  }
  if (start < to) pieces.push({ from: start, to });
  return pieces;
}

/** Walks the base from change to change and writes what must happen to ours. */
function weave(base: string, mine: Side, other: Side): TextEdit[] {
  const cuts = new Set([0, base.length, ...mine.inserts.keys(), ...other.inserts.keys()]);
  for (const range of [...mine.removed, ...mine.kept, ...other.kept]) cuts.add(range.from).add(range.to);
  const places = [...cuts].sort((a, b) => a - b);
  const inOurs = coverage(mine.removed);
  const byMine = coverage(mine.kept);
  const byOther = coverage(other.kept);
  const edits: TextEdit[] = [];
  let at = 0;
  places.forEach((place, i) => {
    const own = mine.inserts.get(place) ?? '';
    edits.push(...joinInsertions(own, other.inserts.get(place) ?? '', at));
    at += own.length;
    const next = places[i + 1];
    if (next === undefined) return;
    const present = !inOurs(place);
    const wanted = !byMine(place) && !byOther(place);
    if (present && !wanted) edits.push({ at, remove: next - place, insert: '' });
    if (!present && wanted) edits.push({ at, remove: 0, insert: base.slice(place, next) });
    if (present) at += next - place;
  });
  return joinEdits(edits);
}

/** What theirs adds where ours has inserted `own` (at offset `at` of ours). */
function joinInsertions(own: string, theirs: string, at: number): TextEdit[] {
  if (theirs === '' || own.startsWith(theirs) || own.endsWith(theirs)) return [];
  if (theirs.startsWith(own)) return [{ at: at + own.length, remove: 0, insert: theirs.slice(own.length) }];
  if (theirs.endsWith(own)) return [{ at, remove: 0, insert: theirs.slice(0, theirs.length - own.length) }];
  return [{ at: at + own.length, remove: 0, insert: theirs }];
}

/** Tells whether a place lies in one of the ascending ranges; asked in rising order. */
function coverage(ranges: readonly Range[]): (place: number) => boolean {
  let i = 0;
  return (place) => {
    while (i < ranges.length && ranges[i]!.to <= place) i++;
    return i < ranges.length && ranges[i]!.from <= place;
  };
}

/** Places where the edits of both sides meet and differ. */
function countConflicts(mine: readonly TextEdit[], other: readonly TextEdit[]): number {
  let conflicts = 0;
  let j = 0;
  for (const edit of mine) {
    while (j < other.length && other[j]!.at + other[j]!.remove < edit.at) j++;
    for (let k = j; k < other.length && other[k]!.at <= edit.at + edit.remove; k++) if (meet(edit, other[k]!)) conflicts++;
  }
  return conflicts;
}

function meet(a: TextEdit, b: TextEdit): boolean {
  if (a.at === b.at && a.remove === b.remove && a.insert === b.insert) return false;
  if (a.insert === '' && b.insert === '') return false;
  const overlap = Math.min(a.at + a.remove, b.at + b.remove) - Math.max(a.at, b.at);
  return (
    overlap > 0 || (overlap === 0 && a.at === b.at && a.insert !== '' && b.insert !== '') || strictlyInside(a, b) || strictlyInside(b, a)
  );
}

function strictlyInside(inner: TextEdit, outer: TextEdit): boolean {
  return inner.remove === 0 && inner.at > outer.at && inner.at < outer.at + outer.remove;
}
