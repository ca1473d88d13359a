import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');

function* markdownBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && entry.name !== '.bin') yield* markdownBelow(path);
    else if (entry.isFile() && /\.md$/i.test(entry.name)) yield path;
  }
}

/** A folder of real documents: the documentation of the installed npm packages, at least `count` of them, as their authors wrote them. */
export function makeNotesFolder(count: number): { root: string; files: string[] } {
  const root = mkdtempSync(join(tmpdir(), 'markco-notes-'));
  const modules = join(ROOT, 'node_modules');
  const files: string[] = [];
  for (const path of markdownBelow(modules)) {
    // In a person's folder node_modules is not synced; here it is only where the documents come from.
    const name = relative(modules, path).replaceAll('node_modules/', 'inside/').replaceAll('\\', '/').replace(/\.MD$/, '.md');
    if (/(^|\/)[._]/.test(name)) continue;
    mkdirSync(dirname(join(root, name)), { recursive: true });
    cpSync(path, join(root, name));
    files.push(name);
    if (files.length >= count) break;
  }
  if (files.length < count) throw new Error(`only ${files.length} of ${count} markdown files were found`);
  return { root, files };
}

/** Adds a notebook; answers its path in the folder. */
export function writeNotebook(root: string, path: string, text: string): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return path;
}

/** The SHA-256 of every file, to see that nothing else changed. */
export const hashes = (root: string, files: readonly string[]): Map<string, string> =>
  new Map(
    files.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest('hex'),
    ]),
  );
