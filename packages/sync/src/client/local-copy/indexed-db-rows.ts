import type { CopyBatch, CopyRows, OwnRow } from './copy-rows.ts';

const SETTLED = 'updates';
const OWN = 'own';
/** 1 was y-indexeddb's: its updates are settled rows here, too. */
const VERSION = 2;

/** A row as it is stored; the key is [session, number]. */
interface StoredOwn {
  bytes: Uint8Array;
  claimedBy?: number;
  claimedAt?: number;
}

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Opens the rows in the database `name`. Rejects where the browser gives no storage, or another tab holds an older form open. */
export function openIndexedDbRows(name: string): Promise<CopyRows> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      const { result: db } = request;
      if (!db.objectStoreNames.contains(SETTLED)) db.createObjectStore(SETTLED, { autoIncrement: true });
      if (!db.objectStoreNames.contains(OWN)) db.createObjectStore(OWN);
      if (db.objectStoreNames.contains('custom')) db.deleteObjectStore('custom');
    };
    request.onsuccess = () => resolve(new IndexedDbRows(request.result));
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('Another tab keeps this document in an older form.'));
  });
}

class IndexedDbRows implements CopyRows {
  readonly #db: IDBDatabase;

  constructor(db: IDBDatabase) {
    this.#db = db;
    // Somebody forgets what is kept (signing out): do not keep them waiting.
    db.onversionchange = () => db.close();
  }

  async read() {
    return this.#run('readonly', async (settled, own) => {
      const [rows, mine] = [asked(settled.getAll()), allOwn(own)];
      return { settled: (await rows) as Uint8Array[], own: (await mine).map(({ row }) => row) };
    });
  }

  async write(batch: CopyBatch): Promise<void> {
    await this.#run('readwrite', async (settled, own) => {
      for (const bytes of batch.settled) settled.add(bytes);
      for (const { session, number, bytes } of batch.own) own.put({ bytes } satisfies StoredOwn, [session, number]);
      for (const { session, upTo } of batch.settle) {
        const range = IDBKeyRange.bound([session, 0], [session, upTo]);
        for (const { bytes } of (await asked(own.getAll(range))) as StoredOwn[]) settled.add(bytes);
        own.delete(range);
      }
    });
  }

  countOwn(): Promise<number> {
    return this.#run('readonly', (_settled, own) => asked(own.count()));
  }

  async fold(fold: (rows: readonly Uint8Array[]) => Uint8Array): Promise<void> {
    await this.#run('readwrite', async (settled) => {
      const rows = (await asked(settled.getAll())) as Uint8Array[];
      const one = fold(rows);
      settled.clear();
      settled.add(one);
    });
  }

  claim(session: number, now: number, staleBefore: number) {
    return this.#run('readwrite', async (settled, own) => {
      const [rows, all] = [asked(settled.getAll()), allOwn(own)];
      const mine: OwnRow[] = [];
      const others: OwnRow[] = [];
      for (const { row, stored } of await all) {
        const free = stored.claimedBy === undefined || stored.claimedBy === session || (stored.claimedAt ?? 0) < staleBefore;
        (free ? mine : others).push(row);
        if (free) own.put({ bytes: row.bytes, claimedBy: session, claimedAt: now } satisfies StoredOwn, [row.session, row.number]);
      }
      return { settled: (await rows) as Uint8Array[], mine, others };
    });
  }

  drop(rows: readonly OwnRow[]): Promise<number> {
    return this.#run('readwrite', (_settled, own) => {
      for (const { session, number } of rows) own.delete([session, number]);
      return asked(own.count());
    });
  }

  close(): void {
    this.#db.close();
  }

  async forget(): Promise<void> {
    const { name } = this.#db;
    this.#db.close();
    // Another tab may have it open still: it goes when that one closes, which need not be waited for.
    indexedDB.deleteDatabase(name);
  }

  /** One transaction; resolves when it is complete, so that what was written is really there. */
  #run<T>(mode: IDBTransactionMode, work: (settled: IDBObjectStore, own: IDBObjectStore) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const transaction = this.#db.transaction([SETTLED, OWN], mode);
      let result: T;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error ?? new Error('The browser gave up writing.'));
      work(transaction.objectStore(SETTLED), transaction.objectStore(OWN)).then(
        (value) => {
          result = value;
        },
        (error: unknown) => {
          reject(error);
          try {
            transaction.abort();
          } catch {
            // It is over already.
          }
        },
      );
    });
  }
}

async function allOwn(own: IDBObjectStore): Promise<{ row: OwnRow; stored: StoredOwn }[]> {
  const [keys, values] = await Promise.all([asked(own.getAllKeys()), asked(own.getAll())]);
  return (values as StoredOwn[]).map((stored, i) => {
    const [session, number] = keys[i] as [number, number];
    return { row: { session, number, bytes: stored.bytes }, stored };
  });
}
