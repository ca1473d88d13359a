import { randomUUID } from 'node:crypto';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import { documentStoreContract, typing } from './document-store.contract.ts';
import type { DocumentRef } from './document-store.ts';
import { createRow, deleteRow, renameRow, restoreRow } from './prisma/test-rows.ts';
import { PrismaStore } from './prisma-store.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const createDocument = (updates: readonly Uint8Array[] = []): Promise<DocumentRef> => createRow(database.db, updates);

documentStoreContract('PrismaStore', async () => {
  const stores = [new PrismaStore(database.db, silentLog)];
  return {
    store: stores[0]!,
    create: createDocument,
    lose: async (ref) => void (await database.db.document.delete({ where: { id: ref.documentId } })),
    delete: (ref) => deleteRow(database.db, ref),
    restore: (ref) => restoreRow(database.db, ref),
    rename: (ref, path) => renameRow(database.db, ref, path),
    contentOf: async (ref) => (await database.db.document.findUniqueOrThrow({ where: { id: ref.documentId } })).contentText,
    reopen: async () => {
      const store = new PrismaStore(database.db, silentLog);
      stores.push(store);
      return store;
    },
    close: async () => {
      for (const store of stores) await store.close();
    },
  };
});

describe('PrismaStore', () => {
  const open: PrismaStore[] = [];
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close();
  });
  const openStore = () => {
    const store = new PrismaStore(database.db, silentLog);
    open.push(store);
    return store;
  };
  const row = (ref: DocumentRef) => database.db.document.findUniqueOrThrow({ where: { id: ref.documentId } });
  const rowsOf = (ref: DocumentRef) => database.db.documentUpdate.count({ where: { documentId: ref.documentId } });
  const textOf = async (store: PrismaStore, ref: DocumentRef) => {
    const { buildDocument } = await import('../relay/document-state.ts');
    return buildDocument((await store.load(ref.documentId))!)
      .getText('content')
      .toString();
  };

  it('SY9: keeps count of the log and writes content beside the state', async () => {
    const store = openStore();
    const ref = await createDocument();
    const { updates } = typing(['a', 'b', 'c']);
    await store.append([{ ref, updates }]);
    await store.saveContent([{ ref, text: 'abc\0', hash: 'h' }]);
    expect(await row(ref)).toMatchObject({
      seq: 3n,
      logRows: 3,
      logBytes: updates.reduce((n, u) => n + u.length, 0),
      contentText: 'abc',
      contentHash: 'h',
      size: 4,
    });
  });

  it('SY10: the snapshot takes exactly the rows that were read', async () => {
    const store = openStore();
    const ref = await createDocument(typing(['a', 'b', 'c']).updates);
    expect(await store.compact(ref.documentId)).toMatchObject({ compacted: true, rows: 3 });
    expect(await rowsOf(ref)).toBe(0);
    expect(await row(ref)).toMatchObject({ logRows: 0, logBytes: 0 });
  });

  it('SY10: a damaged snapshot falls back one generation and replays, and the next compaction repairs it', async () => {
    const store = openStore();
    const { updates } = typing(['one ', 'two ', 'three ', 'four']);
    const ref = await createDocument([updates[0]!]);
    await store.compact(ref.documentId);
    await store.append([{ ref, updates: [updates[1]!, updates[2]!] }]);
    await store.compact(ref.documentId);
    await store.append([{ ref, updates: [updates[3]!] }]);
    await database.db.$executeRaw`UPDATE documents SET yjs_state = decode('00', 'hex') WHERE id = ${ref.documentId}::uuid`;
    expect(await textOf(store, ref)).toBe('one two three four');
    await store.compact(ref.documentId);
    expect(await textOf(store, ref)).toBe('one two three four');
    expect((await row(ref)).yjsState!.length).toBeGreaterThan(1);
  });

  it('SY10: with no intact generation left it refuses to load rather than show an empty document', async () => {
    const store = openStore();
    const ref = await createDocument(typing(['precious']).updates);
    await store.compact(ref.documentId);
    await database.db.$executeRaw`UPDATE documents SET yjs_state = decode('00', 'hex') WHERE id = ${ref.documentId}::uuid`;
    await database.db.$executeRaw`UPDATE document_versions SET yjs_state = decode('00', 'hex') WHERE document_id = ${ref.documentId}::uuid`;
    await expect(store.load(ref.documentId)).rejects.toThrow('damaged');
  });

  describe('SY16: large documents are kept as they are sent', () => {
    const LONG = 'long '.repeat(15_000);
    const wires = (ref: DocumentRef) => database.db.documentVersion.count({ where: { documentId: ref.documentId, kind: 'wire' } });
    const folded = async () => {
      const store = openStore();
      const { updates } = typing([LONG, 'one ', 'two ']);
      const ref = await createDocument([updates[0]!]);
      await store.compact(ref.documentId);
      await store.append([{ ref, updates: updates.slice(1) }]);
      return { store, ref };
    };
    const readyText = async (store: PrismaStore, ref: DocumentRef) => {
      const { DocumentState } = await import('../relay/document-state.ts');
      const loaded = (await store.loadReady(ref.documentId))!;
      return { isReady: loaded.ready !== undefined, text: new DocumentState(loaded).text };
    };

    it('and come with what was stored since', async () => {
      const { store, ref } = await folded();
      expect(await readyText(store, ref)).toEqual({ isReady: true, text: `${LONG}one two ` });
      const [ready, built] = [(await store.loadReady(ref.documentId))!, (await store.load(ref.documentId))!];
      expect(ready).toMatchObject({ ref, epoch: built.epoch, version: built.version, snapshot: null });
      expect(ready.updates.map((update) => [...update])).toEqual(built.updates.map((update) => [...update]));
      expect(ready.ready!.snapshotBytes).toBe(built.snapshot!.length);
      await store.compact(ref.documentId);
      expect(await wires(ref)).toBe(1);
      expect(await readyText(store, ref)).toEqual({ isReady: true, text: `${LONG}one two ` });
    });

    it('and are read as ever where that is damaged or of another snapshot', async () => {
      const { store, ref } = await folded();
      const wire = { documentId: ref.documentId, kind: 'wire' };
      const { yjsState } = await database.db.documentVersion.findFirstOrThrow({ where: wire });
      await database.db.documentVersion.updateMany({ where: wire, data: { yjsState: yjsState!.slice(0, -1) } });
      expect(await readyText(store, ref)).toEqual({ isReady: false, text: `${LONG}one two ` });
      await database.db.documentVersion.updateMany({ where: wire, data: { yjsState: yjsState! } });
      await database.db.document.update({ where: { id: ref.documentId }, data: { yjsState: null, yjsStateSha256: null } });
      expect((await readyText(store, ref)).isReady).toBe(false);
    });

    it('small ones are not', async () => {
      const store = openStore();
      const ref = await createDocument(typing(['short']).updates);
      await store.compact(ref.documentId);
      expect(await wires(ref)).toBe(0);
      expect(await readyText(store, ref)).toEqual({ isReady: false, text: 'short' });
    });
  });

  it('SY9: keeps the last two generations and one version a day', async () => {
    const store = openStore();
    const { updates } = typing(['a', 'b', 'c', 'd']);
    const ref = await createDocument();
    for (const update of updates) {
      await store.append([{ ref, updates: [update] }]);
      await store.compact(ref.documentId);
    }
    const versions = await database.db.documentVersion.findMany({ where: { documentId: ref.documentId }, select: { kind: true } });
    expect(versions.map(({ kind }) => kind).sort()).toEqual(['daily', 'generation', 'generation_log']);
  });

  it('SY9: the text before the first edit of a day stays, whoever saves it first', async () => {
    const store = openStore();
    const ref = await createDocument();
    const save = (text: string) => openStore().saveContent([{ ref, text, hash: `hash of ${text}` }]);
    await save('yesterday');
    expect(await store.versions.list(ref.documentId)).toEqual([]);
    await Promise.all([save('today'), save('today, from another node')]);
    await save('later today');
    const [daily, ...more] = await store.versions.list(ref.documentId);
    expect(more).toEqual([]);
    expect(daily).toMatchObject({ kind: 'daily', reason: null, by: null, size: 9 });
    expect((await store.versions.read(ref.documentId, daily!.id))?.text).toBe('yesterday');
    await database.db.$executeRaw`UPDATE document_versions SET day = day - 1, created_at = created_at - interval '1 day'
      WHERE document_id = ${ref.documentId}::uuid`;
    await save('tomorrow');
    expect(await store.versions.list(ref.documentId)).toHaveLength(2);
  });

  it('SY9: the generation before the newest can be read, unless it is damaged', async () => {
    const store = openStore();
    const { updates } = typing(['one ', 'two ', 'three']);
    const ref = await createDocument();
    for (const update of updates) {
      await store.append([{ ref, updates: [update] }]);
      await store.compact(ref.documentId);
    }
    const generation = (await store.versions.list(ref.documentId)).find(({ kind }) => kind === 'generation')!;
    expect(generation.size).toBeNull();
    const read = () => store.versions.read(ref.documentId, generation.id);
    expect(await read()).toMatchObject({ version: { size: 8 }, text: 'one two ' });
    await database.db.$executeRaw`UPDATE document_versions SET yjs_state = decode('00', 'hex') WHERE id = ${generation.id}::uuid`;
    await expect(read()).rejects.toThrow('damaged');
  });

  it('SY8: many points at once are one a text, and a document keeps 64 MB of them', async () => {
    const store = openStore();
    const ref = await createDocument();
    const keep = (text: string) => store.versions.keep(ref.documentId, { reason: 'overwrite', by: null, text });
    const kept = await Promise.all(Array.from({ length: 6 }, () => keep('same')));
    expect(new Set(kept.map((version) => version!.id)).size).toBe(1);
    for (const letter of ['a', 'b', 'c', 'd', 'e']) await keep(letter.repeat(19_000_000));
    const left = await store.versions.list(ref.documentId);
    expect(left.map(({ size }) => size)).toEqual([19_000_000, 19_000_000, 19_000_000]);
    await expect(keep('x'.repeat(21 * 1024 * 1024))).rejects.toThrow('too large');
  });

  it('SY10: two compactions at once: one works, the other leaves', async () => {
    const ref = await createDocument(typing(['a', 'b']).updates);
    const results = await Promise.all([openStore().compact(ref.documentId), openStore().compact(ref.documentId)]);
    expect(results.filter(({ compacted }) => compacted)).toHaveLength(1);
  });

  it('SY9: a deleted document is not there', async () => {
    const ref = await createDocument(typing(['a']).updates);
    await database.db.document.update({ where: { id: ref.documentId }, data: { deletedAt: new Date() } });
    expect(await openStore().load(ref.documentId)).toBeNull();
  });

  it('SY18: writers of several processes count each document without a hole, and a load says up to where it goes', async () => {
    const ref = await createRow(database.db);
    const stores = [openStore(), openStore(), openStore()];
    const ends = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const updates = typing(Array.from({ length: 1 + (i % 3) }, () => 'x')).updates;
        const to = (await stores[i % 3]!.append([{ ref, updates }])).get(ref.documentId)!;
        return { from: to - updates.length, to };
      }),
    );
    const inOrder = ends.sort((a, b) => a.to - b.to);
    expect(inOrder.map(({ from }) => from)).toEqual([0, ...inOrder.slice(0, -1).map(({ to }) => to)]);
    const version = inOrder.at(-1)!.to;
    expect(await stores[0]!.load(ref.documentId)).toMatchObject({ version });
    const { epoch } = await row(ref);
    expect(await stores[1]!.heads([ref.documentId, randomUUID()])).toEqual(new Map([[ref.documentId, { epoch, version }]]));
    await stores[2]!.compact(ref.documentId);
    expect((await stores[0]!.load(ref.documentId))!.version).toBe(version);
  });

  it('SY18, SY9: of two processes’ texts the newer stays, whichever is stored last; never one of another history', async () => {
    const ref = await createRow(database.db, typing(['a', 'b', 'c']).updates);
    const store = openStore();
    const { epoch } = await row(ref);
    const save = (text: string, version?: number, of = epoch) =>
      store.saveContent([{ ref, text, hash: text, ...(version === undefined ? {} : { asOf: { epoch: of, version } }) }]);
    await save('abc', 3);
    await save('ab', 2);
    await save('old', 9, 'another');
    expect((await row(ref)).contentText).toBe('abc');
    await save('the same again', 3);
    expect((await row(ref)).contentText).toBe('the same again');
    await save('of a single process');
    expect((await row(ref)).contentText).toBe('of a single process');
    // A count that began anew (a restored database) does not lock the text for ever.
    await database.db.document.update({ where: { id: ref.documentId }, data: { contentSeq: 99 } });
    await save('after', 3);
    expect(await row(ref)).toMatchObject({ contentText: 'after', contentSeq: 3n });
  });
});
