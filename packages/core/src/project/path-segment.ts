import { utf8Length } from '../document/utf8.ts';

declare const docBrand: unique symbol;
declare const assetBrand: unique symbol;

/** A checked, NFC, relative POSIX path of a `.md` or `.qmd` document (SE4). */
export type DocPath = string & { readonly [docBrand]: true };
/** A checked, NFC, relative POSIX path of any file in a project (SE4). */
export type AssetPath = string & { readonly [assetBrand]: true };

/** Longest path, in UTF-8 bytes. */
export const MAX_PATH_BYTES = 1024;
/** Longest name of one file or folder, in UTF-8 bytes. */
export const MAX_SEGMENT_BYTES = 255;

const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i;
// Git's hooks and our own state: writing there would run code or forge history.
const PROTECTED = new Set(['.git', '.markco']);
// HFS+ ignores these in names, so ".g\u200cit" would be ".git" there.
const IGNORABLE = /[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g;

/** Why a file or folder name is refused (SE4), or null. Takes one NFC segment. */
export function unsafeSegment(segment: string): string | null {
  if (segment === '') return 'The path has an empty name.';
  if (segment === '.' || segment === '..') return 'The path must not contain "." or "..".';
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(segment)) return 'A name has a control character.';
  if (/\p{Surrogate}/u.test(segment)) return 'A name is not valid Unicode.';
  if (segment.includes('\\')) return 'A name has a backslash.';
  if (/[. ]$/.test(segment)) return 'A name ends with a dot or a space.';
  if (utf8Length(segment) > MAX_SEGMENT_BYTES) return `A name is longer than ${MAX_SEGMENT_BYTES} bytes.`;
  if (isWindowsDevice(segment)) return 'A name is reserved by Windows.';
  const visible = segment.replace(IGNORABLE, '').toLowerCase();
  if (PROTECTED.has(visible) || /^git~\d+$/.test(visible)) return 'Files of Git and MarkCo themselves are not part of a project.';
  return null;
}

/** True for CON, NUL.txt and the like: names of devices on Windows, whatever the ending. */
export function isWindowsDevice(segment: string): boolean {
  const dot = segment.indexOf('.');
  return WINDOWS_DEVICE.test((dot < 0 ? segment : segment.slice(0, dot)).trimEnd());
}

/** Why a path that we accept cannot be a file on Windows (FB2), or null. The bridge shows these instead of writing them there. */
export function portabilityProblem(path: string): string | null {
  const found = /[<>:"|?*]/.exec(path);
  return found ? `Windows cannot hold a file with ${found[0]} in its name.` : null;
}
