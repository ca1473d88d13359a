import { type Cell, parseCells } from '@markco/core/document/cells';
import { fromBase64 } from 'lib0/buffer';
import * as Y from 'yjs';

/** What says where a run's cell is. */
export interface RunPlace {
  runId: string;
  code: string;
  /** Base64 of the relative position of the cell's closing fence (RU3). */
  anchor: string | null;
  cellIndex: number | null;
}

/**
 * RU20: the cell a run belongs to, in the document as it is now. By its anchor; by the block the run wrote before; without an anchor, by
 * its code. Null when the cell is gone, which leaves the output to the run's history.
 */
export function findRunCell(doc: Y.Doc, text: string, place: RunPlace): Cell | null {
  const cells = parseCells(text);
  const written = cells.find((cell) => cell.output?.runId === place.runId);
  if (written) return written;
  if (!place.anchor) return byCode(cells, place);
  const index = resolveAnchor(doc, place.anchor);
  if (index === null) return null;
  return cells.find((cell) => index >= cell.codeEnd && index < cell.fenceEnd) ?? null;
}

/** The anchor's offset in the text; null when it cannot be read or the character it stands on was deleted. */
function resolveAnchor(doc: Y.Doc, anchor: string): number | null {
  try {
    const relative = Y.decodeRelativePosition(fromBase64(anchor));
    if (relative.item && isDeleted(doc, relative.item)) return null;
    const absolute = Y.createAbsolutePositionFromRelativePosition(relative, doc);
    return absolute?.type === doc.getText('content') ? absolute.index : null;
  } catch {
    return null;
  }
}

/** A position in deleted text slides to what stands there now, which may be another cell. */
function isDeleted(doc: Y.Doc, id: Y.ID): boolean {
  if (Y.getState(doc.store, id.client) <= id.clock) return true;
  return Y.getItem(doc.store, id).deleted;
}

function byCode(cells: readonly Cell[], { code, cellIndex }: RunPlace): Cell | null {
  const same = cells.filter((cell) => cell.code === code);
  return same.find((cell) => cell.index === cellIndex) ?? (same.length === 1 ? same[0]! : null);
}
