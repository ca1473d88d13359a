import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '@markco/core/errors';

/** The interpreter a session runs with, and what people call it. */
export interface Interpreter {
  executable: string;
  /** The virtual environment's folder, when it is one. */
  venv: string | null;
  /** ".venv", "python3": why this one. */
  name: string;
}

/** Where to look. `venv`: what the document or project asks for, relative to `projectRoot` or absolute. */
export interface InterpreterQuery {
  projectRoot: string;
  venv?: string | undefined;
  /** The PATH to search; defaults to this process' own. */
  path?: string | undefined;
}

/**
 * AG4a: the `venv` that was asked for, else `.venv` of the project, else `python3` (then `python`) on PATH.
 * @throws AppError `not_found` naming every place looked at, and what to do
 */
export async function chooseInterpreter(query: InterpreterQuery): Promise<Interpreter> {
  const looked: string[] = [];
  for (const venv of new Set([query.venv, '.venv'])) {
    if (!venv) continue;
    const folder = isAbsolute(venv) ? venv : resolve(query.projectRoot, venv);
    const executable = await pythonOf(folder);
    if (executable) return { executable, venv: (await isFile(folder)) ? null : folder, name: venv };
    looked.push(folder);
  }
  for (const name of ['python3', 'python']) {
    const executable = await onPath(name, query.path ?? process.env.PATH ?? '');
    if (executable) return { executable, venv: null, name };
    looked.push(`${name} on PATH`);
  }
  throw new AppError(
    'not_found',
    `No Python was found: looked for ${looked.join(', ')}. Install Python 3.8 or newer, or create an environment with "python3 -m venv .venv" in the project's folder.`,
  );
}

/** `venv` may name the environment's folder or an interpreter itself. */
async function pythonOf(folder: string): Promise<string | null> {
  if (await isFile(folder)) return folder;
  for (const candidate of [join(folder, 'bin', 'python3'), join(folder, 'bin', 'python'), join(folder, 'Scripts', 'python.exe')]) {
    if (await isFile(candidate)) return candidate;
  }
  return null;
}

async function onPath(name: string, path: string): Promise<string | null> {
  const endings = process.platform === 'win32' ? ['.exe'] : [''];
  for (const folder of path.split(delimiter).filter(Boolean)) {
    for (const ending of endings) {
      const candidate = join(folder, name + ending);
      if (await isFile(candidate)) return candidate;
    }
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(await realpath(path))).isFile();
  } catch {
    return false;
  }
}
