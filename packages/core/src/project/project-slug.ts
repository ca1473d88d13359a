import { sliceSafe } from '../document/utf8.ts';
import { isWindowsDevice } from './path-segment.ts';

/** Longest slug, in UTF-16 code units. */
export const MAX_SLUG_LENGTH = 64;

/** The URL and folder name of a project: lower case, letters of any script, digits, '-' and '_' inside. Never empty, idempotent (SE4). */
export function projectSlug(name: string): string {
  const folded = name.normalize('NFC').toLowerCase().normalize('NFC');
  const plain = folded.replace(/[^\p{L}\p{M}\p{N}_]+/gu, '-').replace(/^[-_]+/, '');
  const slug = trimEnd(sliceSafe(plain, 0, MAX_SLUG_LENGTH));
  if (slug === '') return 'project';
  return isWindowsDevice(slug) ? `${slug}-project` : slug;
}

/** True when the string is already the slug {@link projectSlug} would make of it. */
export function isProjectSlug(value: string): boolean {
  return value.length <= MAX_SLUG_LENGTH && projectSlug(value) === value;
}

// A regular expression would be quadratic on a long run of dashes.
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === '-' || text[end - 1] === '_')) end--;
  return text.slice(0, end);
}
