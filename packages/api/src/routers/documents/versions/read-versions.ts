import { documentRef } from '@markco/core/contract/projects';
import { versionRef, versionText, versionView } from '@markco/core/contract/versions';
import { notFound } from '@markco/core/errors';
import { z } from 'zod';
import { RATES } from '../../../rate-limiter.ts';
import type { Resources } from '../../../resources.ts';
import { scoped } from '../../../scope.ts';
import { authedProcedure, limited } from '../../../trpc.ts';

/** The versions of a document, the newest first; also of one in the bin. */
export const listVersions = authedProcedure
  .use(limited(RATES.versions))
  .input(documentRef)
  .output(z.array(versionView))
  .query(async ({ ctx, input }) => {
    const { db, versions } = ctx.resources;
    const row = await scoped(db, ctx.principal).document(input.documentId, { deleted: true });
    return versions.list(row.id);
  });

/** The text of a document at a version. */
export const readVersion = authedProcedure
  .use(limited(RATES.versions))
  .input(versionRef)
  .output(versionText)
  .query(async ({ ctx, input }) => {
    const row = await scoped(ctx.resources.db, ctx.principal).document(input.documentId, { deleted: true });
    return versionOf(ctx.resources, row.id, input.versionId);
  });

/** `not_found` where the document has no such version: the relay's own copy is replaced as it goes. */
export async function versionOf(resources: Resources, documentId: string, versionId: string) {
  return (await resources.versions.read(documentId, versionId)) ?? missing();
}

function missing(): never {
  throw notFound('The version');
}
