import path from 'node:path';
import type { DocumentView, SeedReply } from '@markco/core/contract/projects';
import { AppError } from '@markco/core/errors';
import { conflictPath } from '@markco/core/project/conflict-path';
import type { DocPath } from '@markco/core/project/doc-path';
import type { DocumentMeta } from '@markco/sync/file-store/document-meta';
import { readTextFile, sha256 } from '@markco/sync/file-store/text-file';
import type { BridgeApi } from './bridge-api.ts';
import { announce, type BridgeContext } from './bridge-context.ts';
import { moveAside } from './conflict-copy.ts';
import { planExchange } from './plan-exchange.ts';
import { seedBatches } from './seed-batches.ts';

/**
 * FB3: one comparison of the folder with the server's list, and everything that follows from it except connections' own work. Rejects
 * where the server can't be reached; what was done until then stays done, and the next exchange goes on from there.
 */
export async function exchange(
  context: BridgeContext,
  api: BridgeApi,
  projectId: string,
  removed: (metas: DocumentMeta[]) => Promise<void>,
): Promise<void> {
  const { store, root } = context;
  const views = await api.manifest(projectId);
  const texts = await readUntied(context);
  const local = store.documents(root).map((meta) => ({ ...meta, textHash: texts.get(meta.documentId)?.hash ?? meta.textHash }));
  const plan = planExchange(local, views);
  for (const { meta, path: to } of plan.renameHere) await renameHere(context, meta, to);
  for (const meta of plan.renameThere) await renameThere(context, api, meta);
  for (const { meta, view, equal } of plan.link)
    await tie(context, meta.documentId, view, equal ? (texts.get(meta.documentId)?.text ?? null) : null);
  await seed(context, api, projectId, plan.seed, texts);
  for (const view of plan.fetch) {
    if (view.status !== 'ok') continue;
    await store.add(root, { documentId: view.id, path: view.path, serverId: view.id });
    context.warm(view.id);
  }
  for (const meta of plan.connect) context.warm(meta.documentId);
  await removed(plan.removed);
}

type Untied = Map<string, { text: string; hash: string }>;

/** The texts of documents the server does not know yet. */
async function readUntied({ store, root }: BridgeContext): Promise<Untied> {
  const texts: Untied = new Map();
  for (const meta of store.documents(root)) {
    if (meta.serverId) continue;
    const file = await readTextFile(path.join(root, meta.file));
    // A file that can't be read as text is listed, never uploaded (FB2).
    if (file && file.status !== 'ok') continue;
    const text = await store.text(meta.documentId);
    texts.set(meta.documentId, { text, hash: sha256(text) });
  }
  return texts;
}

async function tie(context: BridgeContext, documentId: string, view: DocumentView, agreed: string | null): Promise<void> {
  await context.store.link(documentId, { serverId: view.id, path: view.path, epoch: view.epoch, ...(agreed === null ? {} : { agreed }) });
  // With another history here, or another text, the two have to be brought together.
  if (agreed === null || context.store.meta(documentId)?.dirty) context.warm(documentId);
}

/** FB4: each document is made once, on the server. */
async function seed(
  context: BridgeContext,
  api: BridgeApi,
  projectId: string,
  metas: readonly DocumentMeta[],
  texts: Untied,
): Promise<void> {
  const items = metas.flatMap((meta) => {
    const text = texts.get(meta.documentId)?.text;
    return text === undefined ? [] : [{ documentId: meta.documentId, path: meta.path, text }];
  });
  for (const batch of seedBatches(items)) {
    const reply = await api.seed(
      projectId,
      batch.map((item) => ({ path: item.path, text: item.text })),
    );
    for (const [i, result] of reply.items.entries()) await seeded(context, batch[i]!, result);
    context.changed();
  }
}

async function seeded(
  context: BridgeContext,
  item: { documentId: string; path: string; text: string },
  result: SeedReply['items'][number],
): Promise<void> {
  if (!result.document) {
    const message = result.message ?? 'The server did not take this file.';
    context.problems.add({ kind: 'refused', path: item.path, message });
    return;
  }
  context.problems.clear('refused', item.path);
  await tie(context, item.documentId, result.document, result.outcome === 'different' ? null : item.text);
}

/** FB7: a rename elsewhere moves the file here; what lies at its new place already goes aside first. */
async function renameHere(context: BridgeContext, meta: DocumentMeta, to: string): Promise<void> {
  const { store, root } = context;
  const occupant = store.idOf(root, to);
  if (occupant !== null && occupant !== meta.documentId) {
    const other = store.meta(occupant);
    if (other && !other.serverId) {
      const aside = asideOf(context, to);
      await store.rename(occupant, { path: aside, synced: false }, true);
      context.problems.add({
        kind: 'conflict',
        path: aside,
        message: `Another device gave a document the name ${to}. The file here is now ${aside}.`,
      });
    }
  } else if (occupant === null) await moveAside(context, to, asideOf(context, to));
  await store.rename(meta.documentId, { path: to, synced: true }, true);
  await announce(context, meta.documentId, 'renamed');
}

async function renameThere(context: BridgeContext, api: BridgeApi, meta: DocumentMeta): Promise<void> {
  try {
    const view = await api.rename(meta.serverId!, meta.path);
    await context.store.noteSyncedPath(meta.documentId, view.path);
    context.problems.clear('refused', meta.path);
  } catch (error) {
    if (!(error instanceof AppError) || !['conflict', 'bad_request'].includes(error.code)) throw error;
    context.problems.add({
      kind: 'refused',
      path: meta.path,
      message: `${meta.syncedPath} is called ${meta.path} here, which the server refused: ${error.userMessage}`,
    });
  }
}

function asideOf(context: BridgeContext, documentPath: string): string {
  return conflictPath(documentPath as DocPath, context.deviceName, new Date().toISOString());
}
