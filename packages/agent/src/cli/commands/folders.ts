import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { AppError } from '@markco/core/errors';
import { type LinkPreview, previewLink } from '../../bridge/link-folder.ts';
import { lockHolder } from '../../config/instance-lock.ts';
import { openContext } from '../context.ts';

/** FB1: shows what would be uploaded, asks, and links. A running agent takes the folder over by itself. */
export async function link(dir: string, options: { yes?: boolean; json?: boolean }): Promise<void> {
  const { settings, settingsFile, say, dir: data } = await openContext();
  const linked = settings.folders.map((folder) => folder.root);
  const known = await realpath(dir).catch(() => null);
  if (known && linked.includes(known))
    return say(options.json ? JSON.stringify({ linked: known, already: true }) : `${known} is linked already.`);
  const preview = await previewLink(path.resolve(dir), linked);
  if (!options.json) show(preview, say);
  if (!options.yes && !(await confirm())) return say('Nothing was linked.');
  await settingsFile.update((current) => ({ ...current, folders: [...current.folders, { root: preview.dir, paused: false }] }));
  if (options.json) return say(JSON.stringify({ linked: preview.dir, documents: preview.documents, bytes: preview.bytes }));
  say(`Linked ${preview.dir}.`);
  if ((await lockHolder(data.lock)) === null) say('Start the agent with "markco agent" to sync it.');
}

/** The folder and the project both stay. */
export async function unlink(dir: string): Promise<void> {
  const { settings, settingsFile, say } = await openContext();
  const root = await realpath(dir).catch(() => path.resolve(dir));
  if (!settings.folders.some((folder) => folder.root === root)) {
    throw new AppError(
      'not_found',
      `${root} is not linked. Linked are: ${settings.folders.map((f) => f.root).join(', ') || 'no folders'}.`,
    );
  }
  await settingsFile.update((current) => ({ ...current, folders: current.folders.filter((folder) => folder.root !== root) }));
  say(`${root} is no longer linked. Its files and the project on the server both stay.`);
}

function show(preview: LinkPreview, say: (line?: string) => void): void {
  say(`${preview.dir}`);
  say(
    `  ${preview.documents} documents (${(preview.bytes / 1024).toFixed(0)} KB) will be synced; ${preview.otherFiles} other files stay here.`,
  );
  if (preview.excluded.length > 0) say(`  Left out: ${preview.excluded.slice(0, 8).join(', ')}${preview.excluded.length > 8 ? ', …' : ''}`);
  for (const problem of preview.problems.slice(0, 10)) say(`  ${problem.path}: ${problem.message}`);
}

async function confirm(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new AppError('bad_request', 'Nobody is there to confirm. Add --yes to link without asking.');
  const ask = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await ask.question('Link this folder? [y/N] ');
  ask.close();
  return /^y(es)?$/i.test(answer.trim());
}
