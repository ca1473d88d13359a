import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { DocumentGone } from './document-gone.ts';
import type { DocumentRef, DocumentStore } from './document-store.ts';
import { MAX_POINTS } from './version-retention.ts';

/** One store under test, made anew for each test. */
export interface StoreUnderTest {
  readonly store: DocumentStore;
  /** Makes a document whose history is these updates (V1); most stores start documents from outside the contract. */
  create(updates?: readonly Uint8Array[]): Promise<DocumentRef>;
  /** Removes a document for good, where the store can lose one from outside. */
  lose?(ref: DocumentRef): Promise<void>;
  /** What the web process does to a document's row. `rename` returns its new name. */
  delete?(ref: DocumentRef): Promise<void>;
  restore?(ref: DocumentRef): Promise<void>;
  rename(ref: DocumentRef, path: string): Promise<DocumentRef>;
  /** The text beside the state: a column, a file. */
  contentOf(ref: DocumentRef): Promise<string>;
  /** A second store on the same data, as after a restart of the process. */
  reopen(): Promise<DocumentStore>;
  close(): Promise<void>;
}

/**
 * SY8: what every implementation of DocumentStore must do. Call it from a `*.test.ts` beside the implementation.
 * `can.lose`: documents can be removed from outside while they are open; `can.delete`: they can be deleted and restored;
 * `can.versions`: the store keeps what documents were.
 */
export function documentStoreContract(
  name: string,
  open: () => Promise<StoreUnderTest>,
  can: { lose: boolean; delete: boolean; versions: boolean } = { lose: true, delete: true, versions: true },
): void {
  describe(`${name} as a document store`, () => {
    let under: StoreUnderTest;
    beforeEach(async () => {
      under = await open();
    });
    afterEach(() => under.close());

    it('SY8: a document that does not exist is null, not empty', async () => {
      expect(await under.store.load(randomUUID())).toBeNull();
    });

    it('SY8: what was appended is loaded, in order, also after a restart', async () => {
      const ref = await under.create();
      const { doc, updates } = typing(['a', 'b', 'c', 'd']);
      await under.store.append([{ ref, updates: updates.slice(0, 2) }]);
      await under.store.append([{ ref, updates: updates.slice(2) }]);
      expect(await textOf(under.store, ref)).toBe('abcd');
      expect(await stateOf(await under.reopen(), ref)).toEqual(stateVector(doc));
    });

    it('SY4: batches of many documents are stored together', async () => {
      const refs = [await under.create(), await under.create(), await under.create()];
      await under.store.append(refs.map((ref, i) => ({ ref, updates: typing([`text ${i}`]).updates })));
      expect(await Promise.all(refs.map((ref) => textOf(under.store, ref)))).toEqual(['text 0', 'text 1', 'text 2']);
    });

    const losing = async () => {
      const [lost, kept] = [await under.create(), await under.create()];
      await under.lose!(lost);
      const append = under.store.append([
        { ref: kept, updates: typing(['x']).updates },
        { ref: lost, updates: typing(['y']).updates },
      ]);
      await expect(append).rejects.toSatisfy((error) => error instanceof DocumentGone && error.documentIds.join() === lost.documentId);
      expect(await textOf(under.store, kept)).toBe('');
      expect(await under.store.load(lost.documentId)).toBeNull();
    };
    if (can.lose) it('SY4: an append that names a lost document stores nothing and says which', losing);

    it('SY4: an update stored twice changes nothing', async () => {
      const ref = await under.create();
      const { updates } = typing(['a', 'b']);
      await under.store.append([{ ref, updates }]);
      await under.store.append([{ ref, updates }]);
      expect(await textOf(under.store, ref)).toBe('ab');
    });

    it('SY9: updates that only touch maps are stored too', async () => {
      const ref = await under.create();
      const doc = new Y.Doc();
      doc.getMap('markco').set('runs', 3);
      await under.store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc)] }]);
      expect((await documentOf(await under.reopen(), ref)).getMap('markco').get('runs')).toBe(3);
    });

    it('SY9: the epoch stays the same over appends, compaction and restarts', async () => {
      const ref = await under.create();
      const epoch = (await under.store.load(ref.documentId))!.epoch;
      await under.store.append([{ ref, updates: typing(['a', 'b']).updates }]);
      await under.store.compact(ref.documentId);
      expect(epoch).not.toBe('');
      expect((await (await under.reopen()).load(ref.documentId))!.epoch).toBe(epoch);
    });

    it('SY9: content is saved without touching the state', async () => {
      const ref = await under.create();
      const { doc, updates } = typing(['Grüße, ', '世界 🎉']);
      await under.store.append([{ ref, updates }]);
      const text = doc.getText('content').toString();
      await under.store.saveContent([{ ref, text, hash: createHash('sha256').update(text).digest('hex') }]);
      expect(await stateOf(under.store, ref)).toEqual(stateVector(doc));
      expect([await textOf(under.store, ref), await under.contentOf(ref)]).toEqual([text, text]);
    });

    it('SY10: compaction keeps every edit and the history', async () => {
      const ref = await under.create();
      const { doc, updates } = typing(Array.from({ length: 200 }, (_, i) => `${i} `));
      await under.store.append([{ ref, updates }]);
      await under.store.compact(ref.documentId);
      await under.store.compact(ref.documentId);
      expect(await textOf(under.store, ref)).toBe(doc.getText('content').toString());
      expect(await stateOf(await under.reopen(), ref)).toEqual(stateVector(doc));
    });

    it('SY10: edits that arrive while it compacts stay', async () => {
      const ref = await under.create();
      const { doc, updates } = typing(Array.from({ length: 120 }, (_, i) => `${i} `));
      await under.store.append([{ ref, updates: updates.slice(0, 60) }]);
      await Promise.all([
        under.store.compact(ref.documentId),
        ...updates.slice(60).map((update) => under.store.append([{ ref, updates: [update] }])),
      ]);
      await under.store.compact(ref.documentId);
      expect(await textOf(under.store, ref)).toBe(doc.getText('content').toString());
    });

    it('SY14: structs that wait for others survive compaction and are integrated when the others come', async () => {
      const ref = await under.create();
      const { updates } = typing(['a', 'b', 'c']);
      await under.store.append([{ ref, updates: [updates[0]!, updates[2]!] }]);
      await under.store.compact(ref.documentId);
      expect(await textOf(under.store, ref)).toBe('a');
      await under.store.append([{ ref, updates: [updates[1]!] }]);
      await under.store.compact(ref.documentId);
      expect(await textOf(await under.reopen(), ref)).toBe('abc');
    });

    it('SY8: a rename changes the name and nothing else', async () => {
      const ref = await under.create();
      const { doc, updates } = typing(['a', 'b']);
      await under.store.append([{ ref, updates: [updates[0]!] }]);
      const { epoch } = (await under.store.load(ref.documentId))!;
      await under.rename(ref, `moved/${ref.path}`);
      await under.store.follow?.(ref.documentId);
      // Whoever has it open knows it by the old name for a moment.
      await under.store.append([{ ref, updates: [updates[1]!] }]);
      expect(await under.store.load(ref.documentId)).toMatchObject({ epoch, ref: { ...ref, path: `moved/${ref.path}` } });
      expect(await stateOf(await under.reopen(), ref)).toEqual(stateVector(doc));
    });

    const deleting = async () => {
      const ref = await under.create();
      const { doc, updates } = typing(['kept ', 'text']);
      await under.store.append([{ ref, updates }]);
      await under.delete!(ref);
      await under.store.follow?.(ref.documentId);
      expect(await under.store.load(ref.documentId)).toBeNull();
      expect(await (await under.reopen()).load(ref.documentId)).toBeNull();
      await under.restore!(ref);
      await under.store.follow?.(ref.documentId);
      expect(await stateOf(under.store, ref)).toEqual(stateVector(doc));
    };
    if (can.delete) it('SY8: a deleted document is not there, and a restored one is, with its history', deleting);

    it('SY4: appends and compactions at once, of many documents, lose nothing', async () => {
      const refs = [await under.create(), await under.create(), await under.create()];
      const typed = refs.map(() => typing(Array.from({ length: 40 }, (_, i) => `${i} `)));
      await Promise.all(
        typed[0]!.updates.map(async (_, i) => {
          await under.store.append(refs.map((ref, n) => ({ ref, updates: [typed[n]!.updates[i]!] })));
          if (i % 10 === 5) await Promise.all(refs.map((ref) => under.store.compact(ref.documentId)));
        }),
      );
      const store = await under.reopen();
      for (const [n, ref] of refs.entries()) expect(await stateOf(store, ref)).toEqual(stateVector(typed[n]!.doc));
    });

    it('SY10: compaction never makes the history anew: whoever left before it still merges', async () => {
      const ref = await under.create();
      const { doc, updates } = typing(['one ', 'two ', 'three']);
      await under.store.append([{ ref, updates }]);
      const away = new Y.Doc();
      Y.applyUpdate(away, Y.encodeStateAsUpdate(doc));
      const before = Y.encodeStateVector(doc);
      doc.getText('content').delete(0, 4);
      await under.store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc, before)] }]);
      await under.store.compact(ref.documentId);
      const known = Y.encodeStateVector(away);
      away.getText('content').insert(4, 'away ');
      await under.store.append([{ ref, updates: [Y.encodeStateAsUpdate(away, known)] }]);
      expect(await textOf(await under.reopen(), ref)).toBe('away two three');
    });

    it('SY9: a large text comes back whole', async () => {
      const ref = await under.create();
      const { updates } = typing(['a line of text, ünïcödé\n'.repeat(40_000)]);
      await under.store.append([{ ref, updates }]);
      await under.store.compact(ref.documentId);
      expect((await textOf(under.store, ref)).length).toBe(40_000 * 24);
    });

    it('SY8: nothing to append is nothing', async () => {
      const ref = await under.create();
      await under.store.append([]);
      await under.store.append([{ ref, updates: [] }]);
      expect(await textOf(under.store, ref)).toBe('');
    });

    it('SY10: compacting nothing, or a document that is not there, does nothing', async () => {
      expect((await under.store.compact(randomUUID())).compacted).toBe(false);
    });

    const versions = can.versions ?? false;
    const keepsWhatWas = async () => {
      const ref = await under.create();
      const { doc, updates } = typing(['one ', 'two']);
      const all = under.store.versions!;
      await under.store.append([{ ref, updates: [updates[0]!] }]);
      const first = await all.keep(ref.documentId, { reason: 'restore', by: 'Ada' });
      await under.store.append([{ ref, updates: [updates[1]!] }]);
      const told = await all.keep(ref.documentId, { reason: 'outside_change', by: null, text: 'as it was seen' });
      expect(first).toMatchObject({ kind: 'point', reason: 'restore', by: 'Ada', size: 4 });
      const points = (await all.list(ref.documentId)).filter(({ kind }) => kind === 'point');
      expect(points).toEqual([told, first]);
      expect((await all.read(ref.documentId, first!.id))?.text).toBe('one ');
      expect((await all.read(ref.documentId, told!.id))?.text).toBe('as it was seen');
      expect(await textOf(under.store, ref)).toBe(doc.getText('content').toString());
    };
    const keepsOnce = async () => {
      const ref = await under.create(typing(['same']).updates);
      const keep = () => under.store.versions!.keep(ref.documentId, { reason: 'restore', by: null });
      const first = await keep();
      expect(await keep()).toEqual(first);
      for (let n = 0; n < MAX_POINTS + 3; n++)
        await under.store.versions!.keep(ref.documentId, { reason: 'overwrite', by: null, text: `text ${n}` });
      const points = (await under.store.versions!.list(ref.documentId)).filter(({ kind }) => kind === 'point');
      expect(points).toHaveLength(MAX_POINTS);
      expect((await under.store.versions!.read(ref.documentId, points[0]!.id))?.text).toBe(`text ${MAX_POINTS + 2}`);
      expect(await under.store.versions!.read(ref.documentId, first!.id)).toBeNull();
    };
    const ofNothing = async () => {
      expect(await under.store.versions!.list(randomUUID())).toEqual([]);
      expect(await under.store.versions!.keep(randomUUID(), { reason: 'restore', by: null })).toBeNull();
      const [one, other] = [await under.create(typing(['x']).updates), await under.create()];
      const point = await under.store.versions!.keep(one.documentId, { reason: 'restore', by: null });
      expect(await under.store.versions!.read(other.documentId, point!.id)).toBeNull();
    };
    if (versions) {
      it('SY8: a point keeps what the document was, or what it is told, and changes nothing', keepsWhatWas);
      it('SY8: a text is kept once in a row, and points are bounded', keepsOnce);
      it('SY8: a document has its own versions only, and none where it does not exist', ofNothing);
    }

    it('OP4: ping answers', async () => {
      await expect(under.store.ping()).resolves.toBeUndefined();
    });
  });
}

/** A document typed piece by piece, with one update a piece. */
export function typing(pieces: readonly string[]): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const piece of pieces) doc.getText('content').insert(doc.getText('content').length, piece);
  return { doc, updates };
}

async function documentOf(store: DocumentStore, ref: DocumentRef): Promise<Y.Doc> {
  const loaded = await store.load(ref.documentId);
  if (!loaded) throw new Error('The document is not there.');
  const doc = new Y.Doc();
  if (loaded.snapshot) Y.applyUpdateV2(doc, loaded.snapshot);
  for (const update of loaded.updates) Y.applyUpdate(doc, update);
  return doc;
}

const textOf = async (store: DocumentStore, ref: DocumentRef): Promise<string> =>
  (await documentOf(store, ref)).getText('content').toString();
const stateVector = (doc: Y.Doc): Map<number, number> => Y.decodeStateVector(Y.encodeStateVector(doc));
const stateOf = async (store: DocumentStore, ref: DocumentRef): Promise<Map<number, number>> => stateVector(await documentOf(store, ref));
