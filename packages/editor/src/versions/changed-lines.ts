import { diffEdits } from '@markco/core/document/diff-edits';
import type { TextEdit } from '@markco/core/document/text-edits';

/** A stretch of whole lines: the same in both texts, only in the one of now (`gone` after a restore), or only in the version (`back`). */
export interface LineRun {
  readonly kind: 'same' | 'gone' | 'back';
  readonly lines: readonly string[];
}

/** What a restore changes, by lines: `now` with what goes and what comes back at its place. Joined, same and back lines are `version`. */
export function changedLines(now: string, version: string): LineRun[] {
  const runs: LineRun[] = [];
  let done = 0;
  for (const group of byLines(now, diffEdits(now, version))) {
    push(runs, 'same', now.slice(done, group.from));
    push(runs, 'gone', now.slice(group.from, group.to));
    push(runs, 'back', group.text);
    done = group.to;
  }
  push(runs, 'same', now.slice(done));
  return runs;
}

interface Group {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Edits widened to the lines they touch; those of one line together. */
function byLines(text: string, edits: readonly TextEdit[]): Group[] {
  const groups: { from: number; to: number; edits: TextEdit[] }[] = [];
  for (const edit of edits) {
    const from = edit.at === 0 ? 0 : text.lastIndexOf('\n', edit.at - 1) + 1;
    const end = edit.at + edit.remove;
    const to = isWhole(text, edit, from) ? end : lineEnd(text, end);
    const last = groups.at(-1);
    if (last && from < last.to) {
      last.to = Math.max(last.to, to);
      last.edits.push(edit);
    } else groups.push({ from, to, edits: [edit] });
  }
  return groups.map((group) => ({ from: group.from, to: group.to, text: replaced(text, group) }));
}

/** Whole lines come or go, so that the line after them is not touched. */
function isWhole(text: string, { at, remove, insert }: TextEdit, lineStart: number): boolean {
  const end = at + remove;
  return at === lineStart && (insert === '' || insert.endsWith('\n')) && (remove === 0 ? at < text.length : text[end - 1] === '\n');
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at + 1;
}

function replaced(text: string, { from, to, edits }: { from: number; to: number; edits: readonly TextEdit[] }): string {
  let made = '';
  let done = from;
  for (const { at, remove, insert } of edits) {
    made += text.slice(done, at) + insert;
    done = at + remove;
  }
  return made + text.slice(done, to);
}

function push(runs: LineRun[], kind: LineRun['kind'], text: string): void {
  if (text === '') return;
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  runs.push({ kind, lines });
}
