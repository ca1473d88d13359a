import { parseCells } from '@markco/core/document/cells';
import { canonicalLanguage } from '@markco/core/routing/languages';
import { openContext } from '../context.ts';
import { findDocument } from './find-document.ts';
import { readProjectConfig, sessionNameOf } from './session-name.ts';

export interface RestartOptions {
  session?: string;
  language?: string;
  reset?: boolean;
  json?: boolean;
}

/**
 * Ends a document's runtime session because the person said so (RU12): its next run starts fresh and is routed anew (RU6). With
 * `reset` only its variables go. Throws what the server refuses: not_found, unavailable, timeout.
 */
export async function restart(target: string, options: RestartOptions): Promise<void> {
  const context = await openContext();
  const { document, text, mrmd } = await findDocument(context, target);
  const written = options.language ?? parseCells(text)[0]?.language ?? 'python';
  const sessionName = options.session ?? sessionNameOf(await readProjectConfig(context, mrmd), text, written);
  const language = canonicalLanguage(written);
  const op = options.reset ? 'reset' : 'restart';
  await context.api.call('runs.sessionOp', { projectId: document.projectId, language, sessionName, op });
  if (options.json) return context.say(JSON.stringify({ projectId: document.projectId, language, sessionName, op }));
  context.say(`The ${language} session "${sessionName}" is empty; its next run starts fresh.`);
}
