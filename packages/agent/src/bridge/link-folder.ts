import { lstat, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { AppError } from '@markco/core/errors';
import { readProjectFile, STATE_FOLDER } from '@markco/sync/file-store/root-files';
import { scanRoot } from './scan-root.ts';

/** FB1: what is shown before the first upload. */
export interface LinkPreview {
  readonly dir: string;
  readonly name: string;
  readonly documents: number;
  readonly bytes: number;
  readonly otherFiles: number;
  readonly excluded: readonly string[];
  readonly problems: readonly { path: string; message: string }[];
  /** Set where the folder was linked before. */
  readonly projectId: string | null;
  readonly rootId: string | null;
}

/**
 * FB1: looks at a folder that is to be linked. Throws an AppError where it may not be: `/`, the home folder, a folder inside a linked one or
 * around one. `linked`: the folders that are linked now.
 */
export async function previewLink(dir: string, linked: readonly string[], home: string = homedir()): Promise<LinkPreview> {
  const real = await realpath(dir).catch(() => null);
  if (!real) throw refuse(`${dir} was not found.`);
  if (!(await lstat(real)).isDirectory()) throw refuse(`${dir} is a file. Choose a folder.`);
  if (real === path.parse(real).root) throw refuse('The whole disk can not be linked. Choose the folder of a project.');
  if (real === (await realpath(home).catch(() => home)))
    throw refuse('The home folder can not be linked. Choose the folder of a project inside it.');
  await refuseNested(real, linked);
  const project = await readProjectFile(real);
  const scan = await scanRoot(real);
  return {
    dir: real,
    name: path.basename(real),
    documents: scan.files.length,
    bytes: scan.files.reduce((sum, file) => sum + file.stamp.size, 0),
    otherFiles: scan.otherFiles,
    excluded: scan.excluded,
    problems: scan.problems,
    projectId: project?.projectId ?? null,
    rootId: project?.rootId ?? null,
  };
}

async function refuseNested(real: string, linked: readonly string[]): Promise<void> {
  for (const other of linked) {
    const root = await realpath(other).catch(() => other);
    if (real.startsWith(root + path.sep)) throw refuse(`${real} is inside ${root}, which is linked already.`);
    if (root.startsWith(real + path.sep)) throw refuse(`${root}, inside ${real}, is linked already. Unlink it first.`);
  }
  for (let folder = path.dirname(real); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const state = await lstat(path.join(folder, STATE_FOLDER, 'project.json')).catch(() => null);
    if (state) throw refuse(`${real} is inside ${folder}, which is linked already.`);
  }
}

function refuse(message: string): AppError {
  return new AppError('bad_request', message);
}
