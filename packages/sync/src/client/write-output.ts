import { diffEdits } from '@markco/core/document/diff-edits';
import { formatOutputBlock, removeOutput, spliceOutput, type TextSplice } from '@markco/core/document/output-block';
import type * as Y from 'yjs';
import { findRunCell, type RunPlace } from './find-run-cell.ts';

/** RU21: kept beside the text, not in it, so that diffs of the markdown stay clean. */
export interface Provenance {
  state: string;
  ranOn: string | null;
  reason: string;
  freshSession: boolean;
  durationMs: number | null;
  endedAt: string | null;
}

export type WriteOutcome = 'written' | 'unchanged' | 'gone' | 'newer';

const keyOf = (runId: string): string => `output:${runId}`;

/**
 * RU20: makes the output block below the run's cell say `body`, as the smallest edit; again changes nothing. An empty body takes an older
 * block away once the run has `ended`. A block of a newer run stays.
 */
export function writeOutput(doc: Y.Doc, place: RunPlace, body: string, provenance: Provenance, ended: boolean): WriteOutcome {
  const content = doc.getText('content');
  const text = content.toString();
  const cell = findRunCell(doc, text, place);
  if (!cell?.closed) return 'gone';
  const previous = cell.output?.runId;
  // Run ids sort by time (RU2).
  if (previous && isUuid(previous) && previous > place.runId) return 'newer';
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const block = body === '' ? null : formatOutputBlock(place.runId, body, { indent: cell.indent, eol });
  const splice = block ? spliceOutput(text, cell, block) : ended ? removeOutput(text, cell) : null;
  const edits = splice ? editsOf(text, splice) : [];
  const map = doc.getMap('markco');
  const note = block ? JSON.stringify(provenance) : null;
  const known = map.get(keyOf(place.runId)) ?? null;
  const stale = previous && previous !== place.runId && map.has(keyOf(previous)) ? keyOf(previous) : null;
  if (edits.length === 0 && known === note && !stale) return 'unchanged';
  doc.transact(() => {
    for (const { at, remove, insert } of edits.reverse()) {
      if (remove > 0) content.delete(at, remove);
      if (insert !== '') content.insert(at, insert);
    }
    if (stale) map.delete(stale);
    if (note !== known) note === null ? map.delete(keyOf(place.runId)) : map.set(keyOf(place.runId), note);
  });
  return 'written';
}

/** The tail diff: what is the same at both ends of the old and new block is not touched. */
function editsOf(text: string, { from, to, insert }: TextSplice) {
  return diffEdits(text.slice(from, to), insert).map((edit) => ({ ...edit, at: edit.at + from }));
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text);
