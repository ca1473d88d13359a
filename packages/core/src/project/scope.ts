/** Largest text the bridge turns into a document, in bytes; larger files are listed as "too large" (FB2). */
export const MAX_DOC_BYTES = 10 * 1024 * 1024;

/** Names, in any folder, that are never part of a project: ignore-file patterns, checked before `.gitignore` and `.markcoignore` (FB2). */
export const BUILT_IN_EXCLUDES: readonly string[] = ['.git', '.venv', 'node_modules', '__pycache__', '.env*', '.markco'];

/** True for `.md` and `.qmd`, whatever the case of the ending. */
export function isDocumentFile(path: string): boolean {
  return /[^/]\.q?md$/i.test(path);
}

/** True when a name in the path is one of {@link BUILT_IN_EXCLUDES}. Case does not matter, as on macOS and Windows. */
export function isBuiltInExcluded(path: string): boolean {
  return path
    .toLowerCase()
    .split('/')
    .some((name) => name.startsWith('.env') || BUILT_IN_EXCLUDES.includes(name));
}
