/** One change of a text: at offset `at` (UTF-16 units of the old text) `remove` units go and `insert` comes. */
export type TextEdit = { at: number; remove: number; insert: string };

/** Applies edits that are ascending, do not overlap, and all count in the old text. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const { at, remove, insert } of edits) {
    parts.push(text.slice(done, at), insert);
    done = at + remove;
  }
  parts.push(text.slice(done));
  return parts.join('');
}

/** Joins edits that touch and drops those that do nothing. Takes and gives ascending edits. */
export function joinEdits(edits: readonly TextEdit[]): TextEdit[] {
  const joined: TextEdit[] = [];
  for (const edit of edits) {
    if (edit.remove === 0 && edit.insert === '') continue;
    const last = joined.at(-1);
    if (last && last.at + last.remove === edit.at) {
      last.remove += edit.remove;
      last.insert += edit.insert;
    } else joined.push({ ...edit });
  }
  return joined;
}

/** Offset after what an edit removes. */
export function endOf(edit: TextEdit): number {
  return edit.at + edit.remove;
}

/** Index of the first of ascending edits that ends at `offset` or later. */
export function firstEndingAfter(edits: readonly TextEdit[], offset: number): number {
  let low = 0;
  let high = edits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (endOf(edits[middle]!) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
