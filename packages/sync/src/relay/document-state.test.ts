import { fuzzFrames } from '@markco/testing/fuzz-frames';
import { HostileUpdate } from '@markco/testing/hostile-update';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { foldLog } from '../store/fold-log.mjs';
import { BadFrame } from './bad-frame.ts';
import { TooManySteps } from './bounded-integrate.ts';
import { ByteCursor } from './byte-cursor.ts';
import { checkUpdate } from './check-update.ts';
import { DocumentState } from './document-state.ts';
import { readFrame } from './read-frame.ts';

const ROOT = 'content';
const stateOf = (...updates: Uint8Array[]) =>
  new DocumentState({
    ref: { documentId: 'd', userId: 'u', projectId: 'p', project: 'p', path: 'a.md' },
    epoch: 'e',
    snapshot: null,
    updates,
  });
/** Applies what a peer sent, checked as a frame is. */
const apply = (state: DocumentState, update: Uint8Array) => state.apply(update, checkUpdate(new ByteCursor(update)));
const structs = (count: number, client = 5, clock = 0) => new HostileUpdate().uint(1, count, client, clock);
const contentOf = (doc: Y.Doc) => JSON.stringify([doc.getText(ROOT).length, doc.getText(ROOT).toDelta()]);
const docOf = (...updates: Uint8Array[]) => {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
};

describe('DocumentState', () => {
  it('SY4: what is visible of an update is all of it, also where Yjs would tidy its formatting', () => {
    const base = new Y.Doc();
    base.getText(ROOT).insert(0, 'hello world');
    const start = Y.encodeStateAsUpdate(base);
    const [a, b] = [docOf(start), docOf(start)];
    a.getText(ROOT).format(0, 5, { bold: true });
    b.getText(ROOT).insert(5, ' new ');
    b.getText(ROOT).format(0, 9, { bold: true });
    const state = stateOf(start);
    expect(state.text).toBe('hello world');
    const seen = new Y.Doc();
    for (const from of [start, a, b]) {
      const update = from instanceof Uint8Array ? from : Y.encodeStateAsUpdate(from, Y.encodeStateVector(base));
      const { integrated } = apply(state, update);
      Y.applyUpdate(seen, integrated ?? start);
    }
    expect(seen.getText(ROOT).toString()).toBe('hello new  world');
    expect(Y.encodeStateAsUpdate(seen)).toEqual(state.encodeFor(Uint8Array.of(0)));
  });

  it('SY14: an update that makes Yjs walk squared is given up, within its steps', () => {
    // All at the beginning: those of one come first, and each of the other has to go past all of them.
    const letters = (count: number, update: HostileUpdate) => {
      for (let n = 0; n < count; n++) update.uint(4, 1).text(ROOT).text('p');
      return update;
    };
    const pile = (size: number) =>
      letters(
        size,
        letters(size, new HostileUpdate().uint(2, size, 5, 0))
          .uint(size + 1, 6, 0)
          .raw([0x84])
          .uint(5, size - 1)
          .text('last'),
      )
        .uint(0)
        .done();
    expect(apply(stateOf(), pile(200)).integrated).not.toBeNull();
    expect(() => apply(stateOf(), pile(5_000))).toThrow(TooManySteps);
  });

  it('SY14: three hundred people who wrote into one place while apart are no such update', () => {
    const base = new Y.Doc();
    base.getText(ROOT).insert(0, '[]');
    const start = Y.encodeStateAsUpdate(base);
    const state = stateOf(start);
    const all = docOf(start);
    for (let person = 0; person < 300; person++) {
      const doc = docOf(start);
      for (let word = 0; word < 3; word++) doc.getText(ROOT).insert(1, `${person} `);
      const update = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(base));
      apply(state, update);
      Y.applyUpdate(all, update);
    }
    expect(state.text).toBe(all.getText(ROOT).toString());
    expect(apply(stateOf(start), Y.encodeStateAsUpdate(all)).integrated).not.toBeNull();
  });

  it('SY14: a struct between two that do not enclose it is refused: readers would put it in different places', () => {
    const letters = structs(1).uint(4, 1).text(ROOT).text('abcd').uint(0).done();
    const between = (left: number, right: number) => structs(1, 6).raw([0xc4]).uint(5, left, 5, right).text('x').uint(0).done();
    for (const [left, right] of [
      [1, 1],
      [2, 1],
      [3, 0],
      [0, 3],
    ] as const)
      expect(() => apply(stateOf(letters), between(left, right))).toThrow('does not enclose it');
    const behind = structs(1, 7).raw([0x84]).uint(6, 0).text('y').uint(0).done();
    const before = structs(1, 7).raw([0x44]).uint(5, 1).text('y').uint(0).done();
    for (const update of [behind, before]) expect(() => apply(stateOf(letters, between(0, 1)), update)).toThrow('does not enclose it');
    expect(apply(stateOf(letters), between(0, 1)).integrated).not.toBeNull();
    // What it would do: who has it from the start reads something else than who saw it come.
    const seen = docOf(letters, structs(1, 7).raw([0x84]).uint(5, 2).text('y').uint(0).done(), between(2, 2));
    expect(docOf(Y.encodeStateAsUpdate(seen)).getText(ROOT).toString()).not.toBe(seen.getText(ROOT).toString());
  });

  it('SY14: a struct between one that was collected and one that is shown is refused: who still has the first would show it', () => {
    const inDeleted = structs(2).uint(7, 1).text(ROOT).uint(0, 4, 0, 5, 0).text('in').uint(1, 5, 1, 0, 1).done();
    const shown = structs(1, 6).uint(4, 1).text(ROOT).text('shown').uint(0).done();
    const across = structs(1, 7).raw([0xc4]).uint(6, 4, 5, 1).text('x').uint(0).done();
    expect(() => apply(stateOf(shown, inDeleted), across)).toThrow('does not enclose it');
    const inOneTransaction = Y.mergeUpdates([shown, inDeleted, across]);
    expect(docOf(inOneTransaction).getText(ROOT).toString()).not.toBe(docOf(shown, inDeleted, across).getText(ROOT).toString());
    const late = structs(1, 7).raw([0x84]).uint(5, 2).text('late').uint(0).done();
    expect(apply(stateOf(shown, inDeleted), late).integrated).not.toBeNull();
  });

  it('SY14: of structs between any two, what is taken lies where everyone has it, whatever order it came in', () => {
    const place = fc.option(fc.nat(30), { nil: null });
    const struct = fc.record({ client: fc.nat(3), left: place, right: place });
    fc.assert(
      fc.property(fc.array(struct, { maxLength: 14 }), (list) => {
        let state = stateOf();
        const log: Uint8Array[] = [];
        const ids: [number, number][] = [];
        for (const { client, left, right } of list) {
          const [origin, rightOrigin] = [left, right].map((at) => (at === null ? undefined : ids[at % ids.length]));
          const clock = state.clockOf(client);
          const update = structs(1, client, clock).raw([4 | (origin ? 0x80 : 0) | (rightOrigin ? 0x40 : 0)]);
          for (const id of [origin, rightOrigin]) if (id) update.uint(...id);
          if (!origin && !rightOrigin) update.uint(1).text(ROOT);
          const bytes = update
            .text(String.fromCharCode(97 + log.length))
            .uint(0)
            .done();
          try {
            apply(state, bytes);
            log.push(bytes);
            ids.push([client, clock]);
          } catch (error) {
            if (!(error instanceof BadFrame)) throw error;
            state = stateOf(...log);
          }
        }
        expect(
          docOf(state.encodeFor(Uint8Array.of(0)))
            .getText(ROOT)
            .toString(),
        ).toBe(state.text);
        expect(foldLog(null, log).text).toBe(state.text);
      }),
      { numRuns: Number(process.env.MARKCO_TEST_RUNS ?? 1) * 300 },
    );
  });

  it('SY14: of a struct that waited, the rest lies where the beginning is known to be, or it is refused', () => {
    const letters = (text: string) => structs(1).uint(4, 1).text(ROOT).text(text).uint(0).done();
    const list = (text: string) => structs(2).uint(7, 1).text(ROOT).uint(1, 4, 0, 5, 0).text(text).uint(0).done();
    const waiting = (flags: number, ...ids: number[]) =>
      structs(1, 5, 4)
        .raw([flags])
        .uint(...ids)
        .text('later')
        .uint(0)
        .done();
    for (const [first, late] of [
      [letters('earlier'), waiting(0xc4, 5, 2, 5, 3)],
      [list('12345'), waiting(0x84, 5, 0)],
    ] as const) {
      const state = stateOf();
      apply(state, late);
      expect(() => apply(state, first)).toThrow('does not enclose it');
      // What it would do: who gets only what was new reads something else than who had all of it.
      const seen = docOf(late, first);
      expect(contentOf(docOf(Y.encodeStateAsUpdate(seen)))).not.toBe(contentOf(seen));
    }
    const state = stateOf();
    apply(state, waiting(0x84, 5, 3));
    expect(apply(state, letters('1234la')).gapped).toBe(true);
    expect(state.text).toBe('1234later');
  });

  it('SY14: nothing that people write together, apart and late is out of place', () => {
    const edit = fc.record({ who: fc.nat(3), kind: fc.nat(5), at: fc.nat(), hears: fc.boolean() });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 60 }), (edits) => {
        const state = stateOf();
        const docs = [0, 1, 2, 3].map(() => new Y.Doc());
        const undos = docs.map((doc) => new Y.UndoManager(doc.getText(ROOT), { captureTimeout: 0 }));
        for (const { who, kind, at, hears } of edits) {
          const doc = docs[who]!;
          const text = doc.getText(ROOT);
          if (hears) Y.applyUpdate(doc, state.encodeFor(Y.encodeStateVector(doc)));
          const place = at % (text.length + 1);
          if (kind < 2) text.insert(place, kind === 0 ? 'a' : 'word');
          else if (kind === 2) text.delete(place, Math.min(3, text.length - place));
          else if (kind === 3) text.format(place, Math.min(3, text.length - place), { bold: at % 2 === 0 });
          else if (kind === 4) doc.getMap('markco').set('key', at);
          else if (at % 2 === 0) undos[who]!.undo();
          else undos[who]!.redo();
          if (at % 3 === 0) apply(state, Y.encodeStateAsUpdate(doc, state.stateVector));
        }
        for (const doc of docs) apply(state, Y.encodeStateAsUpdate(doc, state.stateVector));
        for (const doc of docs) Y.applyUpdate(doc, state.encodeFor(Y.encodeStateVector(doc)));
        expect(docs.map((doc) => doc.getText(ROOT).toString())).toEqual(docs.map(() => state.text));
      }),
      { numRuns: Number(process.env.MARKCO_TEST_RUNS ?? 1) * 100 },
    );
  });

  it('SY14: types nested too deeply are refused, also where they come one by one', () => {
    const state = stateOf();
    apply(state, structs(1).uint(7, 1).text(ROOT).uint(0, 0).done());
    const deeper = (at: number) =>
      structs(1, 5, at + 1)
        .uint(7, 0, 5, at, 0, 0)
        .done();
    for (let at = 0; at < 99; at++) apply(state, deeper(at));
    expect(() => apply(state, deeper(99))).toThrow('nested too deeply');
  });

  it('SY14: a value of several parts under a key is refused, also where its key is that of its neighbour', () => {
    const map = structs(2).uint(7, 1).text(ROOT).uint(1).uint(0x24, 0, 5, 0).text('key').text('a').uint(0).done();
    const state = stateOf();
    apply(state, map);
    const inherited = structs(1, 5, 2).raw([0x84]).uint(5, 1).text('several').uint(0).done();
    expect(() => apply(state, inherited)).toThrow(BadFrame);
    // What it would do: the map can never be deleted.
    const poisoned = docOf(map, inherited, structs(1, 6).raw([0x84]).uint(5, 3).text('x').uint(0).done());
    expect(() => Y.applyUpdate(poisoned, new HostileUpdate().uint(0, 1, 5, 1, 0, 1).done())).toThrow();
  });

  it('SY14: an update known in part is taken, also where that part was collected as garbage', () => {
    const state = stateOf();
    apply(state, structs(1).uint(0, 3).uint(0).done());
    const overlapping = structs(1).uint(4, 1).text(ROOT).text('abcde').uint(0).done();
    expect(() => Y.applyUpdate(docOf(structs(1).uint(0, 3).uint(0).done()), overlapping)).toThrow();
    const { applied } = apply(state, overlapping);
    expect(state.clockOf(5)).toBe(5);
    // What is stored can be loaded.
    expect(stateOf(structs(1).uint(0, 3).uint(0).done(), applied).clockOf(5)).toBe(5);
  });

  it('SY14: another place for a struct that is known takes no character apart', () => {
    const letter = (...place: number[]) =>
      structs(1, 6)
        .raw([0xc4])
        .uint(...place)
        .text('x')
        .uint(0)
        .done();
    const emoji = structs(1).uint(4, 1).text(ROOT).text('👩b').uint(0).done();
    const state = stateOf(emoji, letter(5, 1, 5, 2));
    expect(apply(state, letter(5, 0, 5, 1)).integrated).toBeNull();
    expect(state.text).toBe('👩xb');
  });

  it('SY14: whatever passes the checks leaves a document that everyone reads alike, or an error that throws it away', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        let state = stateOf();
        const log: Uint8Array[] = [];
        let left = 60;
        for (const frame of fuzzFrames(seed)) {
          if (left-- === 0) break;
          if (typeof frame === 'string' || frame.length > 4_000) continue;
          try {
            const read = readFrame(frame);
            if (read.kind !== 'update') continue;
            const { applied, integrated, gapped } = state.apply(read.update, read.info);
            if (gapped) log.push(applied);
            else if (integrated) log.push(integrated);
          } catch (error) {
            if (!(error instanceof BadFrame) && !(error instanceof TooManySteps)) throw error;
            state = stateOf(...log);
          }
        }
        const whole = state.encodeFor(Uint8Array.of(0));
        const reader = docOf(whole);
        expect(reader.getText(ROOT).toString()).toBe(state.text);
        expect(reader.store.pendingStructs).toBeNull();
        const snapshot = new Y.Doc();
        Y.applyUpdateV2(snapshot, Y.encodeStateAsUpdateV2(reader));
        expect(snapshot.getText(ROOT).toString()).toBe(state.text);
        expect(stateOf(...log).text).toBe(state.text);
        expect(foldLog(null, log).text).toBe(state.text);
      }),
      { numRuns: Number(process.env.MARKCO_TEST_RUNS ?? 1) * 40 },
    );
  });
});
