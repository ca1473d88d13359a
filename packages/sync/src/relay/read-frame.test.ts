import { HostileUpdate } from '@markco/testing/hostile-update';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { encodeAwareness, writeAwareness, writeQueryAwareness, writeStep1, writeStep2, writeUpdate } from '../wire/write-frame.ts';
import { BadFrame, FrameTooLarge } from './bad-frame.ts';
import { readFrame } from './read-frame.ts';

/** JSON values that survive Yjs: it reads a key `__proto__` back as a prototype, so the relay refuses such a key (tested below). */
const value = fc.jsonValue().filter((json) => !JSON.stringify(json).includes('"__proto__":'));

/** Edits of every kind that Yjs can write, as data. */
const edit = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(50), text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }) }),
  fc.record({ kind: fc.constant('delete' as const), at: fc.nat(50), length: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('format' as const), at: fc.nat(50), length: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ kind: fc.constant('map' as const), key: fc.string({ maxLength: 5 }), value }),
  fc.record({
    kind: fc.constant('array' as const),
    value: fc.oneof(value, fc.uint8Array({ maxLength: 9 }), fc.constant({ big: 7n })),
  }),
  fc.record({ kind: fc.constant('nested' as const), key: fc.string({ maxLength: 5 }) }),
);
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

function apply(doc: Y.Doc, action: Edit): void {
  const text = doc.getText('content');
  if (action.kind === 'insert') text.insert(Math.min(action.at, text.length), action.text);
  else if (action.kind === 'map') doc.getMap('markco').set(action.key, action.value);
  else if (action.kind === 'array') doc.getArray('list').push([action.value]);
  else if (action.kind === 'nested') doc.getMap('markco').set(action.key, new Y.XmlElement('p'));
  else {
    const at = Math.min(action.at, text.length);
    const length = Math.min(action.length, text.length - at);
    if (length === 0) return;
    if (action.kind === 'delete') text.delete(at, length);
    else text.format(at, length, { bold: true });
  }
}

/** Update frames of a random document, with a full state among them. */
function framesOf(edits: readonly Edit[]): Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (const action of edits) apply(doc, action);
  return [...updates.map(writeUpdate), writeStep2(Y.encodeStateAsUpdate(doc)), writeStep1(Y.encodeStateVector(doc))];
}

describe('readFrame', () => {
  it('SY14: takes whatever Yjs writes, and its ranges are those Yjs finds', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 20 }), (edits) => {
        for (const bytes of framesOf(edits)) {
          const frame = readFrame(bytes);
          if (frame.kind !== 'update') continue;
          const { from, to } = Y.parseUpdateMeta(frame.update);
          expect(new Map(frame.info.ranges.map((range) => [range.client, range.from]))).toEqual(from);
          expect(new Map(frame.info.ranges.map((range) => [range.client, range.to]))).toEqual(to);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('SY14: refuses every frame that is cut short or carries more, without reading past it', () => {
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 3 }),
        (edits, cut, extra) => {
          for (const bytes of framesOf(edits)) {
            expect(() => readFrame(bytes.subarray(0, cut % bytes.length))).toThrow(BadFrame);
            expect(() => readFrame(Uint8Array.from([...bytes, ...extra]))).toThrow(BadFrame);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('SY14: bytes of any kind are taken or refused, never anything else; what is taken, Yjs can apply', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .tuple(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
        .map(([edits, flips]) => {
          const frames = framesOf(edits);
          const bytes = frames[flips[0]![0] % frames.length]!.slice();
          for (const [at, value] of flips) bytes[at % bytes.length] = value;
          return bytes;
        }),
    );
    fc.assert(
      fc.property(noise, (bytes) => {
        let frame: ReturnType<typeof readFrame>;
        try {
          frame = readFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(BadFrame);
          return;
        }
        if (frame.kind === 'update') Y.applyUpdate(new Y.Doc(), frame.update);
        if (frame.kind === 'step1') Y.encodeStateAsUpdate(new Y.Doc(), frame.stateVector);
      }),
      { numRuns: 3_000 },
    );
  });

  it('SY14: a huge count allocates nothing and is refused', () => {
    const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for (const payload of [[...huge], [1, ...huge, 1, 0], [0, ...huge], [1, 1, 1, 0, 4, 1, 1, 0x61, ...huge]]) {
      expect(() => readFrame(writeUpdate(Uint8Array.from(payload)))).toThrow(BadFrame);
    }
    expect(() => readFrame(writeStep1(Uint8Array.from(huge)))).toThrow(BadFrame);
    expect(() => readFrame(writeAwareness(Uint8Array.from(huge)))).toThrow(BadFrame);
  });

  it('SY14: numbers that are written longer than needed are refused', () => {
    expect(() => readFrame(Uint8Array.of(0x80, 0x00, 2, 2, 0, 0))).toThrow('canonical');
    expect(() => readFrame(Uint8Array.of(0, 2, 0x82, 0x00, 0, 0))).toThrow('canonical');
  });

  it('SY14: values nested too deeply for Yjs are refused', () => {
    const deep = [...Array.from({ length: 5_000 }, () => [117, 1]).flat(), 126];
    const update = Uint8Array.from([1, 1, 1, 0, 8, 1, 1, 0x61, 1, ...deep, 0]);
    expect(() => readFrame(writeUpdate(update))).toThrow('nested');
  });

  it('SY14: a key that Yjs would read back as a prototype is refused', () => {
    const doc = new Y.Doc();
    doc.getMap('markco').set('options', [JSON.parse('{"__proto__":{"admin":true}}')]);
    expect(() => readFrame(writeUpdate(Y.encodeStateAsUpdate(doc)))).toThrow('a key is not allowed');
  });

  it.each([
    ['left', [0xc4, 1, 1, 1, 0, 1, 0x61]],
    ['right', [0x44, 1, 1, 1, 0x61]],
    ['left, further on', [0x84, 1, 9, 1, 0x61]],
    ['parent', [0x04, 0, 1, 1, 1, 0x61]],
  ])('SY14: a struct that names itself or what follows it is refused: %s', (_, second) => {
    const update = Uint8Array.from([1, 2, 1, 0, 4, 1, 1, 0x61, 1, 0x62, ...second, 0]);
    expect(() => Y.applyUpdate(new Y.Doc(), update)).toThrow();
    expect(() => readFrame(writeUpdate(update))).toThrow('hangs on itself');
  });

  it('SY14: flags on structs that carry none are refused: only one of the two readers of Yjs takes them', () => {
    const update = Uint8Array.from([1, 1, 1, 0, 0x2a, 3, 0]);
    expect(() => Y.parseUpdateMeta(update)).toThrow();
    expect(() => readFrame(writeUpdate(update))).toThrow('unknown content');
  });

  it.each([
    ['an empty deletion', [0, 1, 1, 1, 6, 0], 'deletion is empty'],
    ['deletions out of order', [0, 1, 1, 2, 6, 2, 1, 1], 'out of order'],
    ['deletions that overlap', [0, 1, 1, 2, 1, 3, 2, 4], 'out of order'],
    ['deletions of one client in two places', [0, 2, 1, 1, 1, 1, 1, 1, 4, 1], 'appears twice'],
    ['a clock no one reaches', [1, 1, 1, ...[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 4, 1, 1, 0x61, 1, 0x62, 0], 'clock is too large'],
    ['a key with a value of two letters', [1, 1, 1, 0, 0x24, 1, 1, 0x61, 1, 0x6b, 2, 0x62, 0x63, 0], 'more than one value'],
    ['an integer beyond those of JavaScript', [1, 1, 1, 0, 8, 1, 1, 0x61, 1, 125, ...Array(7).fill(0xff), 0xff, 0x3f, 0], 'too large'],
  ])('SY14: %s is refused', (_, update, message) => {
    expect(() => readFrame(writeUpdate(Uint8Array.from(update)))).toThrow(message);
  });

  it('SY14: JSON that could be read but never be written again is refused', () => {
    const embed = (json: string) => writeUpdate(new HostileUpdate().uint(1, 1, 1, 0, 5, 1).text('a').text(json).uint(0).done());
    expect(() => readFrame(embed('['.repeat(20_000) + ']'.repeat(20_000)))).toThrow('nested');
    expect(readFrame(embed(JSON.stringify({ a: [1, 'x]"[', '\\', { '"': '[[' }] })))).toMatchObject({ kind: 'update' });
    expect(readFrame(embed(JSON.stringify('['.repeat(20_000))))).toMatchObject({ kind: 'update' });
  });

  it('SY17: more parts than are worth reading are too large, not broken', () => {
    const collected = new HostileUpdate().uint(1, 300_000, 1, 0);
    for (let at = 0; at < 300_000; at++) collected.uint(0, 1);
    for (const frame of [
      writeUpdate(collected.uint(0).done()),
      writeStep1(new HostileUpdate().uint(300_000).raw(new Uint8Array(600_000)).done()),
    ]) {
      expect(() => readFrame(frame)).toThrow(FrameTooLarge);
    }
  });

  it('SY14: holes at the ends of an update are no part of its ranges', () => {
    const update = new HostileUpdate().uint(1, 3, 1, 4, 10, 3, 0, 2, 10, 9, 0).done();
    expect(readFrame(writeUpdate(update))).toMatchObject({ info: { ranges: [{ client: 1, from: 7, to: 9 }], skips: true, structs: 3 } });
  });

  it('SY14: documents inside documents are refused', () => {
    const doc = new Y.Doc();
    doc.getMap('markco').set('sub', new Y.Doc());
    expect(() => readFrame(writeUpdate(Y.encodeStateAsUpdate(doc)))).toThrow('inside documents');
  });

  it('SY15: an awareness clock that could not be counted on is refused', () => {
    const entry = { clientId: 7, clock: Number.MAX_SAFE_INTEGER, state: '{}' };
    expect(() => readFrame(writeAwareness(encodeAwareness([entry])))).toThrow('clock is too large');
  });

  it('SY1: awareness and queries are read', () => {
    const entries = [{ clientId: 4_294_967_295, clock: 3, state: '{"user":{"name":"Zoë"}}' }];
    expect(readFrame(writeAwareness(encodeAwareness(entries)))).toEqual({ kind: 'awareness', entries });
    expect(readFrame(writeQueryAwareness())).toEqual({ kind: 'query' });
  });
});
