import * as idb from 'lib0/indexeddb';
import superjson from 'superjson';

const NAME = 'markco';
const STORES = ['cache', 'outbox'] as const;
type StoreName = (typeof STORES)[number];

let opened: Promise<IDBDatabase | null> | null = null;

/** Null where the browser gives no storage (private windows): everything works, nothing is kept across a reload. */
function open(): Promise<IDBDatabase | null> {
  opened ??= idb
    .openDB(NAME, (db) =>
      idb.createStores(
        db,
        STORES.map((store) => [store]),
      ),
    )
    .catch(() => null);
  return opened;
}

async function store(name: StoreName, access: 'readonly' | 'readwrite'): Promise<IDBObjectStore | null> {
  const db = await open();
  return db ? (idb.transact(db, [name], access)[0] ?? null) : null;
}

/** Reads a value kept under `key`; undefined where there is none. */
export async function read<T>(name: StoreName, key: string): Promise<T | undefined> {
  const from = await store(name, 'readonly');
  const text = from ? ((await idb.get(from, key)) as string | undefined) : undefined;
  return text === undefined ? undefined : superjson.parse<T>(text);
}

/** Keeps a value; resolves false where the browser has no storage or it is full. */
export async function write(name: StoreName, key: string, value: unknown): Promise<boolean> {
  try {
    const into = await store(name, 'readwrite');
    if (!into) return false;
    await idb.put(into, superjson.stringify(value), key);
    return true;
  } catch {
    return false;
  }
}

/** Forgets a value. */
export async function remove(name: StoreName, key: string): Promise<void> {
  const from = await store(name, 'readwrite');
  if (from) await idb.del(from, key);
}

/** All values of a store, by key. */
export async function all<T>(name: StoreName): Promise<T[]> {
  const from = await store(name, 'readonly');
  return from ? (await idb.getAll(from)).map((text) => superjson.parse<T>(text as string)) : [];
}

/** Empties both stores. */
export async function clear(): Promise<void> {
  for (const name of STORES) {
    const from = await store(name, 'readwrite');
    if (from) await idb.rtop(from.clear());
  }
}

const UNSAVED = 'unsaved:';

/** Notes how many edits of a document the server does not have, to be told when signing out. */
export const noteUnsaved = (documentId: string, count: number): Promise<unknown> =>
  count > 0 ? write('cache', UNSAVED + documentId, count) : remove('cache', UNSAVED + documentId);

/** Edits over all documents that only this browser has. */
export async function unsavedEdits(): Promise<number> {
  const from = await store('cache', 'readonly');
  if (!from) return 0;
  const range = IDBKeyRange.bound(UNSAVED, `${UNSAVED}\uffff`);
  const counts = (await idb.getAll(from, range)).map((text) => superjson.parse<number>(text as string));
  return counts.reduce((sum, count) => sum + count, 0);
}
