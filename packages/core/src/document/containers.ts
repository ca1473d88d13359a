import type { LineCursor } from './line-cursor.ts';

/** A block quote or list item that is open. `width`: columns a list item's content is indented by. `empty`: an item without content so far. */
export type Container = { kind: 'quote' | 'item'; width: number; empty: boolean };

/** Deepest nesting we follow; deeper markers are text. Keeps the scan linear on hostile input. */
export const MAX_DEPTH = 32;

/** Whether a line goes on with a container; if so the cursor has moved past its prefix. */
export function continueContainer(container: Container, cursor: LineCursor): boolean {
  const { at, indent } = cursor.peek();
  const blank = at >= cursor.end;
  if (container.kind === 'quote') {
    if (blank || indent >= 4 || cursor.text[at] !== '>') return false;
    cursor.skipIndent();
    cursor.skipChars(1);
    cursor.skipColumns(1);
    return true;
  }
  if (blank) {
    if (container.empty) return false;
    cursor.skipIndent();
    return true;
  }
  if (indent < container.width) return false;
  cursor.skipColumns(container.width);
  return true;
}

/** The list item that starts at the cursor, which then stands at its content; null (cursor unmoved) when there is none. */
export function openListItem(cursor: LineCursor, interruptsParagraph: boolean): Container | null {
  const { at, indent } = cursor.peek();
  const marker = /^(?:[*+-]|(\d{1,9})[.)])(?=[ \t]|$)/.exec(cursor.text.slice(at, cursor.end));
  if (!marker) return null;
  const afterMarker = at + marker[0].length;
  const blank = /^[ \t]*$/.test(cursor.text.slice(afterMarker, cursor.end));
  if (interruptsParagraph && (blank || (marker[1] !== undefined && Number(marker[1]) !== 1))) return null;
  cursor.skipIndent();
  cursor.skipChars(marker[0].length);
  const spaces = cursor.peek().indent;
  // Five or more columns: the item starts with indented code, one column belongs to the marker.
  const padding = blank || spaces >= 5 ? 1 : spaces;
  cursor.skipColumns(padding);
  return { kind: 'item', width: indent + marker[0].length + padding, empty: blank };
}

/** The text in front of a line that continues these containers. */
export function containerPrefix(containers: readonly Container[]): string {
  return containers.map(({ kind, width }) => (kind === 'quote' ? '> ' : ' '.repeat(width))).join('');
}
