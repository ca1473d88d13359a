import { sliceUtf8, sliceUtf8End, utf8Length } from './utf8.ts';

export const MAX_OUTPUT_BYTES = 64 * 1024;
export const MAX_OUTPUT_LINES = 500;
const NOTICE_BYTES = 80;

/**
 * An output as it goes into the document (RU21): at most `maxBytes` UTF-8 bytes (no fewer than 100) and `maxLines` lines (no fewer than 3),
 * the head and the tail with "… 12,431 lines hidden · open full log …" between. Unchanged when it fits. Splits no character.
 */
export function truncateOutput(text: string, limits: { maxBytes?: number; maxLines?: number } = {}): string {
  const maxBytes = Math.max(100, limits.maxBytes ?? MAX_OUTPUT_BYTES);
  const maxLines = Math.max(3, limits.maxLines ?? MAX_OUTPUT_LINES);
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const lines = body.split('\n');
  if (lines.length <= maxLines && utf8Length(text) <= maxBytes) return text;
  const end = text.length > body.length ? '\n' : '';
  const room = Math.floor((maxBytes - NOTICE_BYTES) / 2);
  const each = Math.floor((maxLines - 1) / 2);
  const head = takeLines(lines, room, each);
  const tail = takeLines(lines.slice(head.length).reverse(), room, each).reverse();
  const hidden = lines.length - head.length - tail.length;
  // A line longer than the room is cut inside, so that there is always something to see.
  const first = head.length > 0 ? head.join('\n') : sliceUtf8(lines[0]!, room);
  const last = tail.length > 0 ? tail.join('\n') : sliceUtf8End(lines.at(-1)!, room);
  const notice = hidden > 1 ? `${grouped(hidden)} lines` : `${grouped(body.length - first.length - last.length)} characters`;
  return `${first}\n… ${notice} hidden · open full log …\n${last}${end}`;
}

function takeLines(lines: readonly string[], maxBytes: number, maxLines: number): string[] {
  let bytes = 0;
  let count = 0;
  while (count < Math.min(maxLines, lines.length)) {
    bytes += utf8Length(lines[count]!) + 1;
    if (bytes > maxBytes) break;
    count++;
  }
  return lines.slice(0, count);
}

function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
