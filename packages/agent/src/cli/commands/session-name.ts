import type { DocumentView } from '@markco/core/contract/projects';
import { readFrontMatter } from '@markco/core/document/front-matter';
import { effectiveSession, type ProjectConfig, parseMrmdConfig } from '@markco/core/project/mrmd-config';
import type { CliContext } from '../context.ts';

/** What the project's `mrmd.md` says, as the server has it; the defaults where there is none. */
export async function readProjectConfig({ api }: CliContext, mrmd: DocumentView | null): Promise<ProjectConfig> {
  const text = mrmd ? (await api.call('documents.get', { documentId: mrmd.id })).text : '';
  return parseMrmdConfig(text).config;
}

/** RU3: the runtime session the document's cells of a language run in: its front matter's, else the project's. */
export const sessionNameOf = (config: ProjectConfig, text: string, language: string): string =>
  effectiveSession(config, readFrontMatter(text).data, language).name;
