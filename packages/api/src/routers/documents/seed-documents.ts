import { type SeedReply, seedInput, seedReply } from '@markco/core/contract/projects';
import { parseDocPath } from '@markco/core/project/doc-path';
import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import type { ApiContext, Principal } from '../../context.ts';
import { RATES } from '../../rate-limiter.ts';
import { HEAVY_COLUMNS, scoped } from '../../scope.ts';
import { authedProcedure, limited } from '../../trpc.ts';
import { type DocumentRow, toDocumentView } from './document-view.ts';
import { lockProject } from './lock-project.ts';
import { insertDocument, seedColumns, textProblem } from './new-document.ts';
import { publishDocument } from './publish-document.ts';
import { storedText } from './stored-text.ts';

type Item = SeedReply['items'][number];
type Project = Awaited<ReturnType<ReturnType<typeof scoped>['project']>>;

/**
 * FB4, SY7: brings documents of a folder in, each once. Where the path has a document already, the caller learns whether its
 * text is the same; nothing of it is touched. An item that cannot be a document is refused alone.
 */
export const seedDocuments = authedProcedure
  .use(limited(RATES.seed))
  .input(seedInput)
  .output(seedReply)
  .mutation(async ({ ctx, input }) => {
    const seed = async (tx: Tx) => {
      const project = await scoped(tx, ctx.principal).project(input.projectId);
      await lockProject(tx, project.id);
      const items: Item[] = [];
      for (const item of input.items) items.push(await seedOne(ctx, tx, project, item));
      return items;
    };
    return { items: await inTx(ctx.resources.db, seed, { timeoutMs: 60_000 }) };
  });

async function seedOne(
  ctx: ApiContext & { principal: Principal },
  tx: Tx,
  project: Project,
  { path: given, text }: { path: string; text: string },
): Promise<Item> {
  const parsed = parseDocPath(given);
  const problem = parsed.ok ? textProblem(text) : parsed.reason;
  if (!parsed.ok || problem) return { path: given, outcome: 'refused', document: null, message: problem ?? undefined };
  const { path } = parsed;
  const existing = await tx.document.findFirst({ where: { projectId: project.id, docPath: path }, omit: HEAVY_COLUMNS });
  if (existing?.status === 'ok') {
    const outcome =
      (await storedText(tx, existing.id, ctx.resources.flags.for(ctx.principal.userId).SYNC_MODE)) === text ? 'equal' : 'different';
    return { path: given, outcome, document: toDocumentView(existing) };
  }
  const row = existing ? await fill(ctx, tx, existing, text) : await insertDocument(tx, ctx.resources, project, path, text);
  publishDocument(ctx.resources, tx, row, 'created', ctx.principal.sid);
  return { path: given, outcome: 'created', document: toDocumentView(row) };
}

// Was only listed (too large, not UTF-8) and can be a document now.
function fill(ctx: ApiContext, tx: Tx, row: DocumentRow, text: string): Promise<DocumentRow> {
  return tx.document.update({
    where: { id: row.id },
    data: { ...seedColumns(text), updatedAt: ctx.resources.clock.now() },
    omit: HEAVY_COLUMNS,
  });
}
