import { mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Our folder in every linked folder. */
export const STATE_FOLDER = '.markco';

const projectFileShape = z.object({
  rootId: z.string(),
  projectId: z.string().optional(),
  userId: z.string().optional(),
  /** The server it is linked with; another server is another project. */
  server: z.string().optional(),
});
/** FB1: what `.markco/project.json` says; it makes the same folder on two desktops one project. */
export type ProjectFile = z.infer<typeof projectFileShape>;

export function projectFilePath(dir: string): string {
  return path.join(dir, STATE_FOLDER, 'project.json');
}

/** Null where the folder was never linked. Throws where the file is there and can't be understood: guessing would make a second project. */
export async function readProjectFile(dir: string): Promise<ProjectFile | null> {
  const file = projectFilePath(dir);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return projectFileShape.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${file} is damaged, so it is not known which project this folder belongs to. Restore it, or remove it to link anew.`, {
      cause,
    });
  }
}

export async function writeProjectFile(dir: string, content: ProjectFile): Promise<void> {
  await makeStateFolder(dir);
  const file = projectFilePath(dir);
  await writeFile(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`);
  await rename(`${file}.new`, file);
}

/** Makes `.markco/docs`. Its own ignore file keeps state out of git and lets only the project's id travel with a clone. */
export async function makeStateFolder(dir: string): Promise<void> {
  const folder = path.join(dir, STATE_FOLDER);
  await mkdir(path.join(folder, 'docs'), { recursive: true });
  await writeFile(path.join(folder, '.gitignore'), '*\n!.gitignore\n!project.json\n', { flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

/** True where `Readme.md` and `README.md` are one file (FB9). */
export async function foldsCase(dir: string): Promise<boolean> {
  const probe = path.join(dir, STATE_FOLDER, 'Case-Probe');
  await writeFile(probe, '');
  return stat(path.join(dir, STATE_FOLDER, 'cASE-pROBE')).then(
    () => true,
    () => false,
  );
}

/** Rejects where writing the file would leave the root by a linked folder. Folders that are not there yet are fine. */
export async function assertInside(root: string, file: string): Promise<void> {
  const base = await realpath(root);
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const real = await realpath(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (real === null) continue;
    if (real === base || real.startsWith(base + path.sep)) return;
    throw new Error(`${file} was not written: a folder on its way is a link that leads out of the linked folder.`);
  }
}
