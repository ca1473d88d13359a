import { keepVersionsInput, keepVersionsReply } from '@markco/core/contract/versions';
import { AppError } from '@markco/core/errors';
import { RATES } from '../../../rate-limiter.ts';
import { scoped } from '../../../scope.ts';
import { authedProcedure, limited } from '../../../trpc.ts';
import { textProblem } from '../new-document.ts';
import { storedText } from '../stored-text.ts';
import { actorName } from './actor-name.ts';

/** FB5: keeps what documents are, or were, before something changes them in bulk. All of them are asked for before any is kept. */
export const keepVersions = authedProcedure
  .use(limited(RATES.keeps))
  .input(keepVersionsInput)
  .output(keepVersionsReply)
  .mutation(async ({ ctx, input }) => {
    const { resources, principal } = ctx;
    const mine = scoped(resources.db, principal);
    for (const { documentId, text = '' } of input.items) {
      await mine.document(documentId, { deleted: true });
      const problem = textProblem(text);
      if (problem) throw new AppError('bad_request', problem);
    }
    const by = await actorName(resources, principal);
    // In files (SY12), Postgres' state is behind the text.
    const legacy = resources.flags.global().SYNC_MODE === 'legacy';
    const kept = [];
    for (const { documentId, text } of input.items) {
      const given = text ?? (legacy ? await storedText(resources.db, documentId, 'legacy') : undefined);
      const version = await resources.versions.keep(documentId, { reason: input.reason, by, ...(given !== undefined && { text: given }) });
      if (version) kept.push({ documentId, version });
    }
    return { kept };
  });
