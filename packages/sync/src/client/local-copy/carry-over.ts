import type * as Y from 'yjs';
import { mergeReplaced } from '../merge-replaced.ts';
import type { CopyRows } from './copy-rows.ts';
import { textOf } from './text-of.ts';

/** A tab that took charge of edits and did not finish within this had died. */
const STALE_MS = 60_000;

/** What edits are carried into. */
export interface CarryTarget {
  /** The new history, synced. */
  readonly doc: Y.Doc;
  readonly session: number;
  /** Resolves when what was merged is kept as the new history's own. */
  flushed(): Promise<void>;
  /** What the document said just before text was merged into it. */
  onMerged?(before: string): void;
}

/**
 * SY7, WB3: brings the edits that the relay never acknowledged out of a replaced history into the one that took its place, as text. Each
 * edit is carried by one tab, also by one that finds it days later; only when the new history keeps it is it forgotten in the
 * old one. Answers true where nothing is left there. Rejects where the old rows cannot be read.
 */
export async function carryOver(old: CopyRows, into: CarryTarget, now: number = Date.now()): Promise<boolean> {
  const { settled, mine, others } = await old.claim(into.session, now, now - STALE_MS);
  if (mine.length === 0) return others.length === 0;
  const elsewhere = [...settled, ...others.map(({ bytes }) => bytes)];
  const base = textOf(elsewhere).text;
  const ours = textOf([...elsewhere, ...mine.map(({ bytes }) => bytes)]).text;
  const before = into.doc.getText('content').toString();
  if (mergeReplaced(into.doc, base, ours) !== before) into.onMerged?.(before);
  await into.flushed();
  return (await old.drop(mine)) === 0;
}
