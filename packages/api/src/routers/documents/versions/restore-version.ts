import { restoreVersionReply, versionRef } from '@markco/core/contract/versions';
import { RATES } from '../../../rate-limiter.ts';
import { scoped } from '../../../scope.ts';
import { authedProcedure, limited } from '../../../trpc.ts';
import { assertEditable } from '../assert-editable.ts';
import { actorName } from './actor-name.ts';
import { versionOf } from './read-versions.ts';
import { restoreDocumentText } from './restore-document-text.ts';

/** SY8: makes a document say what it said at a version, as an edit that everyone who has it open sees arrive. */
export const restoreVersion = authedProcedure
  .use(limited(RATES.restores))
  .input(versionRef)
  .output(restoreVersionReply)
  .mutation(async ({ ctx, input }) => {
    const { resources, principal } = ctx;
    const row = await scoped(resources.db, principal).document(input.documentId);
    assertEditable(row);
    const { text } = await versionOf(resources, row.id, input.versionId);
    return restoreDocumentText(resources, row.id, text, await actorName(resources, principal));
  });
