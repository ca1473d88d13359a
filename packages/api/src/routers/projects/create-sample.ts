import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectView } from '@markco/core/contract/projects';
import { inTx } from '@markco/db/in-tx';
import { authedProcedure } from '../../trpc.ts';
import { docPathOrThrow, insertDocument } from '../documents/new-document.ts';
import { publishDocument } from '../documents/publish-document.ts';
import { insertProject } from './insert-project.ts';
import { projectViewOf } from './project-view.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../../examples', import.meta.url));

/** A project with a few notebooks that run as they are, to look around in: a copy of `examples/`. */
export const createSample = authedProcedure.output(projectView).mutation(async ({ ctx }) => {
  const files = await readExamples();
  return inTx(ctx.resources.db, async (tx) => {
    const { resources, principal } = ctx;
    const project = await insertProject(tx, resources, { userId: principal.userId, name: 'MarkCo tour' });
    for (const { path, text } of files) {
      const row = await insertDocument(tx, resources, project, docPathOrThrow(path), text);
      publishDocument(resources, tx, row, 'created', principal.sid);
    }
    return projectViewOf(tx, project);
  });
});

async function readExamples(): Promise<{ path: string; text: string }[]> {
  const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.md') && !name.startsWith('.')).sort();
  return Promise.all(names.map(async (path) => ({ path, text: await readFile(join(EXAMPLES, path), 'utf8') })));
}
