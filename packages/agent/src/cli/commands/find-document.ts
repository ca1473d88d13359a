import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { DocumentView } from '@markco/core/contract/projects';
import { AppError } from '@markco/core/errors';
import { parseDocPath } from '@markco/core/project/doc-path';
import type { CliContext } from '../context.ts';

/** A document as the server has it, and its project's `mrmd.md` where there is one. */
export interface FoundDocument {
  document: DocumentView;
  text: string;
  mrmd: DocumentView | null;
}

/** A file in a linked folder, or `project-slug/path.md` on the server. Throws not_found and bad_request with words for the person. */
export async function findDocument(context: CliContext, target: string): Promise<FoundDocument> {
  const file = await realpath(target).catch(() => null);
  const root = file && context.settings.folders.find((folder) => file.startsWith(folder.root + path.sep))?.root;
  if (file && !root) throw new AppError('bad_request', `${file} is in no linked folder. Link its folder with "markco link DIR".`);
  const projects = await context.api.call('projects.list', undefined);
  const [slug, ...rest] = target.split('/');
  const projectId = root ? await linkedProject(root) : projects.find((project) => project.slug === slug)?.id;
  const parsed = parseDocPath(file && root ? path.relative(root, file).split(path.sep).join('/') : rest.join('/'));
  if (!projectId || !parsed.ok) throw notThere(target);
  const list = await context.api.call('documents.list', { projectId });
  const found = list.find((document) => document.path === parsed.path);
  if (!found) throw notThere(target);
  const mrmd = list.find((document) => document.path === 'mrmd.md') ?? null;
  return { ...(await context.api.call('documents.get', { documentId: found.id })), mrmd };
}

async function linkedProject(root: string): Promise<string | null> {
  const text = await readFile(path.join(root, '.markco', 'project.json'), 'utf8').catch(() => '{}');
  return (JSON.parse(text) as { projectId?: string }).projectId ?? null;
}

const notThere = (target: string) =>
  new AppError(
    'not_found',
    `${target} was not found on the server. Name a file in a linked folder (the agent must have synced it) or "project/document.md".`,
  );
