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
    const pile = (size: number) => {
      const update = structs(size + 1)
        .uint(4, 1)
        .text(ROOT)
        .text('r'.repeat(size));
      for (let at = size - 1; at >= 0; at--) update.raw([0x44]).uint(5, at).text('p');
      return update.uint(0).done();
    };
    expect(apply(stateOf(), pile(300)).integrated).not.toBeNull();
    expect(() => apply(stateOf(), pile(20_000))).toThrow(TooManySteps);
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
    ] as const)
      expect(() => apply(stateOf(letters), between(left, right))).toThrow('does not enclose it');
    const state = stateOf(letters);
    expect(apply(state, between(0, 3)).integrated).not.toBeNull();
    // What it would do: who has it from the start reads something else than who saw it come.
    const seen = docOf(letters, structs(1, 7).raw([0x84]).uint(5, 2).text('y').uint(0).done(), between(2, 2));
    expect(docOf(Y.encodeStateAsUpdate(seen)).getText(ROOT).toString()).not.toBe(seen.getText(ROOT).toString());
  });

  it('SY14: nothing that people write together, apart and late is out of place', () => {
    const edit = fc.record({ who: fc.nat(3), kind: fc.nat(4), at: fc.nat(), hears: fc.boolean() });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 60 }), (edits) => {
        const state = stateOf();
        const docs = [0, 1, 2, 3].map(() => new Y.Doc());
        for (const { who, kind, at, hears } of edits) {
          const doc = docs[who]!;
          const text = doc.getText(ROOT);
          if (hears) Y.applyUpdate(doc, state.encodeFor(Y.encodeStateVector(doc)));
          const place = at % (text.length + 1);
          if (kind < 2) text.insert(place, kind === 0 ? 'a' : 'word');
          else if (kind === 2) text.delete(place, Math.min(3, text.length - place));
          else if (kind === 3) text.format(place, Math.min(3, text.length - place), { bold: at % 2 === 0 });
          else doc.getMap('markco').set('key', at);
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
