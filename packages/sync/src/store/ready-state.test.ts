import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { ByteCursor } from '../relay/byte-cursor.ts';
import { checkUpdate } from '../relay/check-update.ts';
import { readyState } from './ready-state.ts';
import { writeWireState } from './wire-state.mjs';

const docOf = (updates: readonly Uint8Array[]) => {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
};
const wireOf = (updates: readonly Uint8Array[]) => writeWireState(docOf(updates), 'sha');

const edit = fc.record({
  who: fc.nat(2),
  kind: fc.constantFrom('insert', 'insert', 'delete', 'bold', 'key', 'sync'),
  at: fc.nat(1000),
  size: fc.integer({ min: 1, max: 9 }),
});

/** What three people did, in the order it was stored: everyone saw what they build on. */
function historyOf(edits: readonly { who: number; kind: string; at: number; size: number }[]): Uint8Array[] {
  const log: Uint8Array[] = [];
  const people = [0, 1, 2].map((who) => {
    const doc = new Y.Doc();
    doc.clientID = who + 1;
    doc.on('update', (update: Uint8Array, origin: unknown) => origin !== 'log' && log.push(update));
    return { doc, seen: 0 };
  });
  for (const { who, kind, at, size } of edits) {
    const person = people[who]!;
    const text = person.doc.getText('content');
    const from = text.length === 0 ? 0 : at % text.length;
    const length = Math.min(size, text.length - from);
    if (kind === 'insert') text.insert(from, 'aé😀'.repeat(size));
    else if (kind === 'key') person.doc.getMap('meta').set(`k${at % 3}`, size);
    else if (kind === 'delete' && length > 0) text.delete(from, length);
    else if (kind === 'bold' && length > 0) text.format(from, length, { bold: true });
    else for (const update of log.slice(person.seen)) Y.applyUpdate(person.doc, update, 'log');
    if (kind === 'sync') person.seen = log.length;
  }
  return log;
}

describe('readyState', () => {
  it('SY16: is the document of the snapshot and all that came after it, however they are divided', () => {
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 60 }), fc.nat(60), (edits, at) => {
        const log = historyOf(edits);
        const whole = docOf(log);
        const split = Math.min(at, log.length);
        const ready = readyState(wireOf(log.slice(0, split)), 'sha', log.slice(split));
        expect(ready).not.toBeNull();
        checkUpdate(new ByteCursor(ready!.update));
        const built = docOf([ready!.update]);
        expect(Y.encodeStateAsUpdate(built)).toEqual(Y.encodeStateAsUpdate(whole));
        expect(built.toJSON()).toEqual(whole.toJSON());
        expect(ready!.clocks).toEqual(Y.decodeStateVector(Y.encodeStateVector(whole)));
      }),
      { numRuns: 40 },
    );
  });

  it('SY14: nothing that waits for what is missing, overlaps or is no update is put together', () => {
    const log = historyOf([0, 1, 2, 3].map((at) => ({ who: 0, kind: 'insert', at, size: 2 })));
    const base = log.slice(0, 2);
    const after = (...updates: Uint8Array[]) => readyState(wireOf(base), 'sha', updates);
    expect(after(log[2]!, log[3]!)).not.toBeNull();
    expect(after(log[3]!)).toBeNull();
    expect(after(log[1]!, log[2]!)).toBeNull();
    expect(after(Uint8Array.of(1, 2, 3))).toBeNull();
    const doc = docOf(log);
    doc.getText('content').delete(0, doc.getText('content').length);
    expect(after(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(docOf(log))))).toBeNull();
  });

  it('SY16: belongs to one snapshot', () => {
    expect(readyState(wireOf([]), 'another', [])).toBeNull();
    expect(readyState(wireOf([]), null, [])).toBeNull();
  });
});
