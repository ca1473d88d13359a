import { sliceUtf8, utf8Length } from '../document/utf8.ts';
import { type DocPath, MAX_PATH_BYTES, MAX_SEGMENT_BYTES } from './path-segment.ts';

const MAX_LABEL_BYTES = 60;

/**
 * Where the local text goes when both sides have text and no common history: `NAME (conflict, DEVICE, DATE).md` (FB4).
 * `isoDate` is `YYYY-MM-DD` or a full ISO time, which adds `HH.MM.SS` so that two conflicts a day differ. Always a valid {@link DocPath}.
 */
export function conflictPath(path: DocPath, device: string, isoDate: string): DocPath {
  const slash = path.lastIndexOf('/');
  const folder = path.slice(0, slash + 1);
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  const date = label(
    isoDate
      .replace(/(?:\.\d+)?Z$/, '')
      .replace('T', ' ')
      .replaceAll(':', '.'),
    'undated',
  );
  const tail = ` (conflict, ${label(device, 'device')}, ${date})${name.slice(dot)}`;
  // A folder so deep that the longer name does not fit: the copy goes to the project's root, never missing.
  const fits = utf8Length(folder) + utf8Length(tail) + 4 <= MAX_PATH_BYTES;
  const room = Math.min(MAX_SEGMENT_BYTES, MAX_PATH_BYTES - (fits ? utf8Length(folder) : 0)) - utf8Length(tail);
  return `${fits ? folder : ''}${sliceUtf8(name.slice(0, dot), room)}${tail}`.normalize('NFC') as DocPath;
}

function label(text: string, fallback: string): string {
  const plain = text
    .normalize('NFC')
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Surrogate}<>:"|?*/\\(),]+/gu, '-')
    .replace(/\s+/g, ' ');
  return sliceUtf8(plain.trim(), MAX_LABEL_BYTES).trim() || fallback;
}
