import type { DocumentView } from '@markco/core/contract/projects';
import type { DocumentMeta } from '@markco/sync/file-store/document-meta';

/** What a bridge has to do so that folder and project hold the same documents (FB3). */
export interface ExchangePlan {
  /** Known here only: to be made on the server, from text (FB4). */
  readonly seed: DocumentMeta[];
  /** On both sides at one path, not tied to each other yet. `equal`: nothing has to be fetched. */
  readonly link: { meta: DocumentMeta; view: DocumentView; equal: boolean }[];
  /** On the server only. */
  readonly fetch: DocumentView[];
  /** Tied, and not the same: they need a connection. */
  readonly connect: DocumentMeta[];
  /** Renamed there. */
  readonly renameHere: { meta: DocumentMeta; path: string }[];
  /** Renamed here; the server has not heard. */
  readonly renameThere: DocumentMeta[];
  /** Gone from the server. */
  readonly removed: DocumentMeta[];
}

/** Compares what is kept here with the server's list. Pure; paths are compared as they are, the server's are unique. */
export function planExchange(local: readonly DocumentMeta[], remote: readonly DocumentView[]): ExchangePlan {
  const plan: ExchangePlan = { seed: [], link: [], fetch: [], connect: [], renameHere: [], renameThere: [], removed: [] };
  const alive = remote.filter((view) => view.deletedAt === null);
  const byId = new Map(alive.map((view) => [view.id, view]));
  const tied = new Set(local.flatMap((meta) => (meta.serverId ? [meta.serverId] : [])));
  const untied = new Map(local.filter((meta) => !meta.serverId).map((meta) => [meta.path, meta]));
  for (const meta of local) {
    if (!meta.serverId) continue;
    const view = byId.get(meta.serverId);
    if (!view) {
      plan.removed.push(meta);
      continue;
    }
    if (view.path !== meta.syncedPath) plan.renameHere.push({ meta, path: view.path });
    else if (meta.path !== meta.syncedPath) plan.renameThere.push(meta);
    const differs = meta.dirty || view.contentHash !== meta.textHash || (meta.pulled && view.epoch !== meta.epoch);
    if (differs && view.status === 'ok') plan.connect.push(meta);
  }
  for (const view of alive) {
    if (tied.has(view.id)) continue;
    const meta = untied.get(view.path);
    if (!meta) plan.fetch.push(view);
    else {
      untied.delete(view.path);
      plan.link.push({ meta, view, equal: view.contentHash === meta.textHash });
    }
  }
  plan.seed.push(...untied.values());
  return plan;
}
