import { IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';

/**
 * What this browser keeps of one history of a document (WB3): the Yjs updates, how many edits the relay has not
 * acknowledged, and the text as last synced (the base for a merge when the history is replaced). Keyed by epoch, so
 * that two histories never meet in one Y.Doc.
 */
export interface CachedDocument {
  /** Resolves when the kept state is in the Y.Doc; null where the browser has no storage. */
  loaded: Promise<{ unsaved: number; base: string | null } | null>;
  setUnsaved(count: number): void;
  setBase(text: string): void;
  close(): void;
  /** Forgets this history; for one that was replaced and carried over. */
  forget(): void;
}

/** Opens the cache of `documentId` at `epoch` and keeps `doc` in it from now on. */
export function openCachedDocument(documentId: string, epoch: string, doc: Y.Doc): CachedDocument {
  const persistence = new IndexeddbPersistence(`markco-doc:${documentId}:${epoch}`, doc);
  const dead = (persistence as unknown as { _db: Promise<unknown> })._db.then(
    () => new Promise<never>(() => undefined),
    () => null,
  );
  const loaded = Promise.race([
    persistence.whenSynced.then(async () => ({
      unsaved: Number((await persistence.get('unsaved')) ?? 0),
      base: ((await persistence.get('base')) as string | undefined) ?? null,
    })),
    dead,
  ]).catch(() => null);
  const keep = (key: string, value: string | number) => void Promise.resolve(persistence.set(key, value)).catch(() => undefined);
  return {
    loaded,
    setUnsaved: (count) => keep('unsaved', count),
    setBase: (text) => keep('base', text),
    close: () => void persistence.destroy().catch(() => undefined),
    forget: () => void persistence.clearData().catch(() => undefined),
  };
}
