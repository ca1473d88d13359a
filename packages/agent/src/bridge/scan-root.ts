import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { parseDocPath } from '@markco/core/project/doc-path';
import { portabilityProblem } from '@markco/core/project/path-segment';
import { isDocumentFile } from '@markco/core/project/scope';
import { type FileStamp, stampOf } from '@markco/sync/file-store/text-file';
import { TEMP_PREFIX } from '@markco/sync/file-store/write-text-file';
import { ScopeFilter } from './scope-filter.ts';

/** A document's file: `file` as it is on disk (relative, '/'), `path` the document path it makes. */
export interface ScannedFile {
  readonly file: string;
  readonly path: string;
  readonly stamp: FileStamp;
}

export interface Scan {
  readonly files: ScannedFile[];
  /** Other files in scope, for the count shown before linking. */
  readonly otherFiles: number;
  /** Paths left out, folders with a trailing '/'; at most 200 of them. */
  readonly excluded: string[];
  /** Files that can't be documents, or not everywhere, and why (FB2). */
  readonly problems: { path: string; message: string }[];
}

const MAX_SHOWN = 200;

/** FB2: every document below the folder. Links are not followed. Rejects where the folder itself can't be read: that is not "empty" (FB7). */
export async function scanRoot(dir: string): Promise<Scan> {
  const scan = { files: [] as ScannedFile[], otherFiles: 0, excluded: [] as string[], problems: [] as { path: string; message: string }[] };
  const filter = new ScopeFilter(dir);
  const paths = new Set<string>();
  const visit = async (folder: string): Promise<void> => {
    const entries = await readFolder(path.join(dir, folder), folder === '');
    await filter.enter(folder);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.name.startsWith(TEMP_PREFIX) || entry.isSymbolicLink()) continue;
      if (filter.excludes(entry.isDirectory() ? `${relative}/` : relative)) {
        if (scan.excluded.length < MAX_SHOWN) scan.excluded.push(entry.isDirectory() ? `${relative}/` : relative);
      } else if (entry.isDirectory()) await visit(relative);
      else if (entry.isFile() && isDocumentFile(relative)) await take(relative);
      else if (entry.isFile()) scan.otherFiles++;
    }
  };
  const take = async (file: string): Promise<void> => {
    const parsed = parseDocPath(file);
    if (!parsed.ok) return void scan.problems.push({ path: file, message: parsed.reason });
    // Two files whose names differ only in how Unicode writes them would be one document.
    if (paths.has(parsed.path))
      return void scan.problems.push({ path: file, message: 'Another file has the same name, written differently in Unicode.' });
    const portable = portabilityProblem(parsed.path);
    if (portable) scan.problems.push({ path: file, message: portable });
    const stats = await lstat(path.join(dir, file)).catch(() => null);
    if (!stats?.isFile()) return;
    paths.add(parsed.path);
    scan.files.push({ file, path: parsed.path, stamp: stampOf(stats) });
  };
  await visit('');
  return scan;
}

/** A folder that goes away while it is looked at has nothing in it; the root does not. */
async function readFolder(folder: string, isRoot: boolean): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (!isRoot && ['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
