import { utf8Length } from '../document/utf8.ts';
import { type AssetPath, type DocPath, MAX_PATH_BYTES, unsafeSegment } from './path-segment.ts';

export { conflictPath } from './conflict-path.ts';
export { foldKey } from './fold-key.ts';
export { isProjectSlug, projectSlug } from './project-slug.ts';
export type { AssetPath, DocPath };

export type ParsedPath<P> = { ok: true; path: P } | { ok: false; reason: string };

const DOCUMENT_ENDING = /\.q?md$/i;
// A letter must follow the dot, so that "release-1.2" is a name without an ending.
const OTHER_ENDING = /\.\p{L}[\p{L}\p{N}]{0,9}$/u;

/**
 * The one parser of document paths (SE4). Returns the NFC path, with `.md` added where there is no ending, or the reason it was refused.
 * Never throws.
 */
export function parseDocPath(input: string): ParsedPath<DocPath> {
  const name = input.slice(input.lastIndexOf('/') + 1);
  if (name !== '' && !DOCUMENT_ENDING.test(name)) {
    if (OTHER_ENDING.test(name)) return refuse('Only .md and .qmd files are documents.');
    return checkPath<DocPath>(/[. ]$/.test(name) ? input : `${input}.md`);
  }
  if (/^\.q?md$/i.test(name)) return refuse('The file has an ending but no name.');
  return checkPath<DocPath>(input);
}

/** The same rules as {@link parseDocPath} for files of any ending; none is added (SE4). */
export function parseAssetPath(input: string): ParsedPath<AssetPath> {
  return checkPath<AssetPath>(input);
}

/**
 * A document path from the part of a URL's pathname that holds it: percent-encoded segments joined by '/', without a leading '/'.
 * Each segment is decoded exactly once; a '/' that appears by decoding is refused (SE4).
 */
export function docPathFromUrl(rawPathname: string): ParsedPath<DocPath> {
  const decoded = decodeSegments(rawPathname);
  return decoded.ok ? parseDocPath(decoded.path) : decoded;
}

/** As {@link docPathFromUrl}, for files of any ending. */
export function assetPathFromUrl(rawPathname: string): ParsedPath<AssetPath> {
  const decoded = decodeSegments(rawPathname);
  return decoded.ok ? parseAssetPath(decoded.path) : decoded;
}

/** The URL form of a checked path; {@link docPathFromUrl} takes it back. */
export function docPathToUrl(path: DocPath | AssetPath): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function decodeSegments(rawPathname: string): ParsedPath<string> {
  if (/[?#]/.test(rawPathname)) return refuse('The path must not hold a query or a fragment.');
  const segments: string[] = [];
  for (const raw of rawPathname.split('/')) {
    let segment: string;
    try {
      segment = decodeURIComponent(raw);
    } catch {
      return refuse('The path has a broken percent escape.');
    }
    if (segment.includes('/')) return refuse('A "/" inside a name is not allowed.');
    segments.push(segment);
  }
  return { ok: true, path: segments.join('/') };
}

function checkPath<P extends string>(input: string): ParsedPath<P> {
  if (input === '') return refuse('The path is empty.');
  if (input.length > MAX_PATH_BYTES) return refuse(`The path is longer than ${MAX_PATH_BYTES} bytes.`);
  const path = input.normalize('NFC');
  if (path.startsWith('/')) return refuse('The path must be relative to the project.');
  if (/^[a-z]:/i.test(path)) return refuse('The path must not name a drive.');
  if (utf8Length(path) > MAX_PATH_BYTES) return refuse(`The path is longer than ${MAX_PATH_BYTES} bytes.`);
  for (const segment of path.split('/')) {
    const reason = unsafeSegment(segment);
    if (reason) return refuse(reason);
  }
  return { ok: true, path: path as P };
}

function refuse(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
