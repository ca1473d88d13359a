import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { until } from '../../file-store/test-folder.ts';
import { silentLog } from '../../log.ts';
import type { DocumentRef } from '../document-store.ts';
import { createRow, deleteRow, renameRow, restoreRow } from '../prisma/test-rows.ts';
import { PrismaStore } from '../prisma-store.ts';
import { createStoreForMode } from './create-store-for-mode.ts';
import { wholeState } from './document-states.ts';
import { ModeMetrics } from './mode-metrics.ts';
import type { ModeStore } from './mode-store.ts';
import { Disk, gate, MODES, openMode, seeded, TestModes, textIn } from './test-world.ts';

let database: TestDatabase;
let postgres: PrismaStore;
let disk: Disk;
const running: ModeStore[] = [];
beforeAll(async () => {
  database = await testDatabase();
  postgres = new PrismaStore(database.db, silentLog);
});
afterAll(async () => {
  await postgres.close();
  await database.drop();
});
beforeEach(() => {
  disk = new Disk();
});
afterEach(async () => {
  for (const store of running.splice(0)) await store.close();
  disk.remove();
});

function open(
  ...[mode, through = gate(postgres), options]: [Parameters<typeof openMode>[0], ReturnType<typeof gate>?, object?]
): ModeStore {
  const store = openMode(mode, through, disk, options);
  running.push(store);
  return store;
}
const stop = async (store: ModeStore): Promise<void> => {
  running.splice(running.indexOf(store), 1);
  await store.close();
};
const create = (text: string, options?: Parameters<typeof createRow>[2]): Promise<DocumentRef> =>
  createRow(database.db, [seeded(text)], options);
const inPostgres = async (ref: DocumentRef): Promise<string> => textIn(await postgres.load(ref.documentId));

/** Types at the end, as the only client. */
async function type(store: ModeStore, ref: DocumentRef, text: string): Promise<void> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, wholeState((await store.load(ref.documentId))!));
  const before = Y.encodeStateVector(doc);
  doc.getText('content').insert(doc.getText('content').length, text);
  await store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc, before)] }]);
}

describe('SY12 modes', () => {
  it.each(MODES)('%s: the file follows an edit, and an outside edit is heard', async (mode) => {
    const ref = await create('one\n');
    const store = open(mode);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, wholeState((await store.load(ref.documentId))!));
    store.onExternalUpdate((_, update) => Y.applyUpdate(doc, update));
    const before = Y.encodeStateVector(doc);
    doc.getText('content').insert(4, 'two\n');
    await store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc, before)] }]);
    await until(() => disk.has(ref) && disk.read(ref) === 'one\ntwo\n', 'the file');
    disk.write(ref, 'one\ntwo\nby hand\n');
    await until(() => doc.getText('content').toString() === 'one\ntwo\nby hand\n', 'the outside edit');
    await stop(store);
    expect(await inPostgres(ref)).toBe(mode === 'legacy' ? 'one\n' : 'one\ntwo\nby hand\n');
  });

  it('legacy and mirror go on while Postgres is away, relay_primary refuses', async () => {
    for (const mode of MODES) {
      const ref = await create('one\n');
      const away = gate(postgres);
      const store = open(mode, away);
      await store.load(ref.documentId);
      away.open = false;
      const append = store.append([{ ref, updates: [seeded('x')] }]);
      if (mode === 'relay_primary') await expect(append).rejects.toThrow('away');
      else {
        await append;
        expect(textIn(await store.load(ref.documentId))).toContain('x');
      }
      away.open = true;
      expect(await store.drained(120_000)).toBe(true);
      await stop(store);
      expect((await inPostgres(ref)).includes('x')).toBe(mode === 'mirror');
    }
  });

  it('mirror counts, tells and repairs a difference', async () => {
    const ref = await create('one\n');
    const registry = new Registry();
    const store = open('mirror', undefined, { metrics: new ModeMetrics(registry) });
    await store.load(ref.documentId);
    expect(await store.verify(ref)).toBe(true);
    await postgres.append([{ ref, updates: [seeded('only in postgres\n')] }]);
    expect(await store.verify(ref)).toBe(false);
    expect(await store.verify(ref)).toBe(true);
    expect(await registry.getSingleMetricAsString('sync_mirror_mismatch_total')).toContain('sync_mirror_mismatch_total 1');
    await until(() => disk.read(ref).includes('only in postgres'), 'the file');
  });

  it('mirror with Postgres away for long holds a bounded queue, and catches up by comparing', async () => {
    const ref = await create('start\n');
    const away = gate(postgres);
    const registry = new Registry();
    const store = open('mirror', away, {
      metrics: new ModeMetrics(registry),
      following: { maxDocumentBytes: 2_000, maxBytes: 4_000, retryMs: { min: 5, max: 50 } },
    });
    await store.load(ref.documentId);
    away.open = false;
    const doc = new Y.Doc();
    Y.applyUpdate(doc, wholeState((await store.load(ref.documentId))!));
    for (let i = 0; i < 100; i++) {
      const before = Y.encodeStateVector(doc);
      doc.getText('content').insert(doc.getText('content').length, `line ${i} of an hour without a database\n`);
      await store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc, before)] }]);
    }
    const lag = async () => Number((await registry.getSingleMetricAsString('sync_mirror_lag_ms')).split(' ').at(-1));
    await until(async () => (await lag()) > 0, 'the lag to show');
    away.open = true;
    expect(await store.drained(120_000)).toBe(true);
    expect(await lag()).toBe(0);
    expect(await inPostgres(ref)).toBe(doc.getText('content').toString());
  });

  it('a document whose file cannot be written stops no other', async () => {
    const bad = await create('bad\n', { path: 'bad.md' });
    const good = await create('good\n', { path: 'good.md', beside: bad });
    mkdirSync(disk.fileOf(bad), { recursive: true });
    writeFileSync(path.join(disk.fileOf(bad), 'a folder in its place'), '');
    const store = open('relay_primary');
    await type(store, bad, 'more\n');
    await type(store, good, 'more\n');
    await until(() => disk.has(good) && disk.read(good) === 'good\nmore\n', 'the file that can be written');
    expect(await inPostgres(bad)).toBe('bad\nmore\n');
  });

  it('finds the file that was there before, and keeps both texts', async () => {
    const ref = await create('in postgres\n');
    mkdirSync(path.dirname(disk.fileOf(ref)), { recursive: true });
    disk.write(ref, 'in the file\n');
    const store = open('relay_primary');
    const text = textIn(await store.load(ref.documentId));
    expect([...text.matchAll(/in postgres|in the file/g)]).toHaveLength(2);
    await stop(store);
    expect([await inPostgres(ref), disk.read(ref)]).toEqual([text, text]);
  });

  it('takes over a replaced history, with what only the files had', async () => {
    const ref = await create('one\ntwo\n');
    let store = open('legacy');
    await type(store, ref, 'legacy\n');
    await stop(store);
    const other = new Y.Doc();
    other.getText('content').insert(0, 'one\ntwo\nrestored\n');
    await database.db.documentUpdate.deleteMany({ where: { documentId: ref.documentId } });
    await database.db.document.update({ where: { id: ref.documentId }, data: { epoch: 'second' } });
    await postgres.append([{ ref, updates: [Y.encodeStateAsUpdate(other)] }]);
    store = open('relay_primary');
    const loaded = await store.load(ref.documentId);
    expect(loaded?.epoch).toBe('second');
    const text = textIn(loaded);
    expect([text.includes('legacy\n'), text.includes('restored\n'), text.startsWith('one\ntwo\n')]).toEqual([true, true, true]);
  });

  it('SY12: what was left in the files reaches Postgres without anyone opening it', async () => {
    const edited = await create('edited\n', { path: 'edited.md' });
    const byHand = await create('by hand\n', { path: 'hand.md', beside: edited });
    let store = open('legacy');
    await type(store, edited, 'in legacy\n');
    await store.load(byHand.documentId);
    await stop(store);
    disk.write(byHand, 'by hand\nwhile nothing ran\n');
    store = open('relay_primary');
    await until(async () => (await inPostgres(edited)) === 'edited\nin legacy\n', 'the edit in Postgres');
    await until(async () => (await inPostgres(byHand)) === 'by hand\nwhile nothing ran\n', 'the outside edit in Postgres');
    await until(async () => {
      const rows = await database.db.document.findMany({ where: { projectId: edited.projectId }, select: { contentText: true } });
      return rows.every(({ contentText }) => /legacy|nothing/.test(contentText));
    }, 'the text in listings');
  });

  it('SY9, SY12: bringing two copies together never replaces a newer text that the relay stored meanwhile', async () => {
    const ref = await create('one\n');
    let store = open('legacy');
    await type(store, ref, 'two\n');
    const client = new Y.Doc();
    Y.applyUpdate(client, wholeState((await store.load(ref.documentId))!));
    await stop(store);
    const slow = gate(postgres);
    const { append, saveContent } = slow;
    const stored: string[] = [];
    slow.saveContent = (contents) => {
      stored.push(...contents.map((content) => content.text));
      return saveContent(contents);
    };
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = false;
    slow.append = async (batches) => {
      asked = true;
      await held;
      return append(batches);
    };
    store = open('mirror', slow);
    const loading = store.load(ref.documentId);
    await until(() => asked, 'the merge to write to Postgres');
    const before = Y.encodeStateVector(client);
    client.getText('content').insert(8, 'three\n');
    await store.append([{ ref, updates: [Y.encodeStateAsUpdate(client, before)] }]);
    const text = 'one\ntwo\nthree\n';
    await store.saveContent([{ ref, text, hash: createHash('sha256').update(text).digest('hex') }]);
    stored.length = 0;
    release();
    await loading;
    await store.drained(120_000);
    expect(stored.filter((older) => older !== text)).toEqual([]);
    const row = await database.db.document.findUniqueOrThrow({ where: { id: ref.documentId } });
    expect(row.contentText).toBe(text);
  });

  it('SY12: the mode changes while documents are open', async () => {
    const ref = await create('start\n');
    const modes = new TestModes('legacy');
    const store = open(modes);
    const said: string[] = [];
    for (const mode of [...MODES, ...MODES.toReversed(), 'relay_primary' as const]) {
      modes.set(mode);
      await type(store, ref, `${mode}\n`);
      said.push(`${mode}\n`);
    }
    const text = `start\n${said.join('')}`;
    await until(async () => (await inPostgres(ref)) === text && disk.read(ref) === text, 'both stores to have everything');
  });
});

describe('SY12 names', () => {
  it('moves the file of a document that was renamed, told or found', async () => {
    const ref = await create('one\n');
    let store = open('mirror');
    await store.load(ref.documentId);
    let renamed = await renameRow(database.db, ref, 'sub/b.md');
    await store.follow(ref.documentId);
    expect([disk.has(ref), disk.read(renamed)]).toEqual([false, 'one\n']);
    await stop(store);
    renamed = await renameRow(database.db, ref, 'c.md');
    store = open('relay_primary');
    await until(() => disk.has(renamed), 'the file at its new name');
  });

  it.each(MODES)('%s: a deleted document leaves no file, and comes back with everything', async (mode) => {
    const ref = await create('one\n', { path: 'a.md' });
    const store = open(mode);
    await type(store, ref, 'two\n');
    await until(() => disk.has(ref) && disk.read(ref) === 'one\ntwo\n', 'the file');
    await deleteRow(database.db, ref);
    await store.follow(ref.documentId);
    expect(disk.has(ref)).toBe(false);
    const next = await create('another\n', { path: 'a.md', beside: ref });
    expect(textIn(await store.load(next.documentId))).toBe('another\n');
    await deleteRow(database.db, next);
    await restoreRow(database.db, ref);
    expect(textIn(await store.load(ref.documentId))).toBe('one\ntwo\n');
    await until(() => disk.has(ref) && disk.read(ref) === 'one\ntwo\n', 'the file again');
  });

  it('a document that was deleted while nothing ran does not lend its file to the next of that name', async () => {
    const ref = await create('secret\n', { path: 'a.md' });
    let store = open('legacy');
    await store.load(ref.documentId);
    await stop(store);
    await deleteRow(database.db, ref);
    const next = await create('fresh\n', { path: 'a.md', beside: ref });
    store = open('mirror');
    expect(textIn(await store.load(next.documentId))).toBe('fresh\n');
    await stop(store);
    expect([disk.read(next), await inPostgres(next)]).toEqual(['fresh\n', 'fresh\n']);
  });

  it('two documents that change names end at each other’s', async () => {
    const a = await create('text of a\n', { path: 'a.md' });
    const b = await create('text of b\n', { path: 'b.md', beside: a });
    const store = open('relay_primary');
    for (const ref of [a, b]) await store.load(ref.documentId);
    await renameRow(database.db, a, 'swap.md');
    await renameRow(database.db, b, 'a.md');
    await renameRow(database.db, a, 'b.md');
    for (const ref of [a, b, a]) await store.load(ref.documentId);
    await until(() => disk.has(a) && disk.has(b), 'both files');
    expect([disk.read(b), disk.read(a)]).toEqual(['text of a\n', 'text of b\n']);
  });

  it('a file that is no document is never written over by a rename', async () => {
    const ref = await create('mine\n', { path: 'a.md' });
    const store = open('mirror');
    await store.load(ref.documentId);
    const renamed = await renameRow(database.db, ref, 'b.md');
    disk.write(renamed, 'somebody else’s\n');
    await store.follow(ref.documentId);
    expect(disk.read(renamed)).toBe('somebody else’s\n');
    expect(disk.read({ ...ref, path: 'b (2).md' })).toBe('mine\n');
  });

  it('without rows nothing is taken from the disk', async () => {
    const ref = await create('precious\n');
    let store = open('mirror');
    await store.load(ref.documentId);
    await stop(store);
    await database.db.document.delete({ where: { id: ref.documentId } });
    store = open('mirror');
    expect(await store.load(ref.documentId)).toBeNull();
    await stop(store);
    expect(readdirSync(path.dirname(disk.fileOf(ref)))).toContain(ref.path);
  });
});

it('needs a folder, but for relay_primary', () => {
  const options = { prismaStore: postgres, workspacesDir: null, log: silentLog };
  expect(() => createStoreForMode({ ...options, mode: 'legacy' })).toThrow(/MARKCO_WORKSPACES_DIR/);
  expect(createStoreForMode({ ...options, mode: 'relay_primary' })).toBe(postgres);
});
