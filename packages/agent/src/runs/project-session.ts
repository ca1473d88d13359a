import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { readFrontMatter } from '@markco/core/document/front-matter';
import { AppError } from '@markco/core/errors';
import { parseDocPath } from '@markco/core/project/doc-path';
import { DEFAULT_ASSETS_DIRECTORY, effectiveSession, parseMrmdConfig } from '@markco/core/project/mrmd-config';
import { isMissing } from '../config/atomic-file.ts';

/** How a document's session starts on this machine: absolute `cwd`, `venv` as written, `assets` relative to the root. */
export interface ProjectSession {
  cwd: string;
  venv: string;
  assets: string;
}

/** Reads `mrmd.md` and the document's front matter from the folder; the document wins. Rejects with what to do where `cwd` is no folder. */
export async function projectSession(root: string, docPath: string, language: string): Promise<ProjectSession> {
  const { config } = parseMrmdConfig((await readText(path.join(root, 'mrmd.md'))) ?? '');
  const parsed = parseDocPath(docPath);
  const text = parsed.ok ? await readText(path.join(root, ...parsed.path.split('/'))) : null;
  const session = effectiveSession(config, readFrontMatter(text ?? '').data, language);
  const cwd = path.resolve(root, session.cwd);
  if (!(await isFolder(cwd))) {
    throw new AppError(
      'not_found',
      `The folder "${session.cwd}" this document wants to run in does not exist. Create it, or correct "cwd" in its front matter or in mrmd.md.`,
    );
  }
  return { cwd, venv: session.venv, assets: config.assets.directory ?? DEFAULT_ASSETS_DIRECTORY };
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function isFolder(dir: string): Promise<boolean> {
  return stat(dir).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
