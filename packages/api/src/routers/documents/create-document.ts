import { createDocumentInput, documentView } from '@markco/core/contract/projects';
import { AppError } from '@markco/core/errors';
import { inTx } from '@markco/db/in-tx';
import { RATES } from '../../rate-limiter.ts';
import { scoped } from '../../scope.ts';
import { authedProcedure, limited } from '../../trpc.ts';
import { toDocumentView } from './document-view.ts';
import { lockProject } from './lock-project.ts';
import { assertPathFree, docPathOrThrow, insertDocument, textProblem } from './new-document.ts';
import { publishDocument } from './publish-document.ts';

/** A new document at a free path, with a text or empty. */
export const createDocument = authedProcedure
  .use(limited(RATES.seed))
  .input(createDocumentInput)
  .output(documentView)
  .mutation(async ({ ctx, input }) => {
    const path = docPathOrThrow(input.path);
    const problem = textProblem(input.text);
    if (problem) throw new AppError('bad_request', problem);
    const { db } = ctx.resources;
    const row = await inTx(db, async (tx) => {
      const project = await scoped(tx, ctx.principal).project(input.projectId);
      await lockProject(tx, project.id);
      await assertPathFree(tx, project.id, path);
      const created = await insertDocument(tx, ctx.resources, project, path, input.text);
      publishDocument(ctx.resources, tx, created, 'created', ctx.principal.sid);
      return created;
    });
    return toDocumentView(row);
  });
