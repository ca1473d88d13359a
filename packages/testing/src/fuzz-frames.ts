import { encodeAwareness, writeAwareness, writeQueryAwareness, writeStep1, writeStep2, writeUpdate } from '@markco/sync/wire/write-frame';
import * as Y from 'yjs';
import { FuzzRandom } from './fuzz-random.ts';
import { HOSTILE_UPDATES } from './hostile-update.ts';

/** How many real frames are made before a new author begins. */
const FRAMES_AN_AUTHOR = 40;
/** Ids that hostile updates write as, so that they meet what others of them left; null: any. */
const CLIENTS = [0, 7, 8, 9, 2 ** 53 - 10_000, null];

/**
 * SY14: frames without end that a broken or hostile client might send to a relay: real ones mutated (cut, joined, bits
 * flipped, numbers written too long, values replaced), updates no client would write, awareness of every kind, unknown
 * types, and text frames. The same seed gives the same frames. Some are legal: a reader must decide by what it would accept.
 */
export function* fuzzFrames(seed: number): Generator<Uint8Array | string> {
  const random = new FuzzRandom(seed);
  let real: Uint8Array[] = [];
  for (let made = 0; ; made++) {
    if (made % FRAMES_AN_AUTHOR === 0) real = realFrames(random);
    yield nextFrame(random, real);
  }
}

function nextFrame(random: FuzzRandom, real: readonly Uint8Array[]): Uint8Array | string {
  const kind = random.below(20);
  if (kind < 12) return mutated(random, real);
  if (kind < 15) return hostileUpdate(random);
  if (kind < 17) return awareness(random);
  if (kind === 17) return control(random);
  if (kind === 18) return random.bytes(random.below(80));
  return random.pick(['', 'hello', '{"type":"sync"}', '\0\0\0', '🙂'.repeat(random.below(50))]);
}

/** What a real client sends: updates of every kind of edit, its state, its cursor. */
function realFrames(random: FuzzRandom): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = random.below(2 ** 32);
  const frames: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => frames.push(writeUpdate(update)));
  for (let edits = 4 + random.below(8); edits > 0; edits--) edit(doc, random);
  const here = { clientId: doc.clientID, clock: 1, state: JSON.stringify({ user: { name: 'Zoë' }, cursor: { anchor: random.below(9) } }) };
  frames.push(writeStep1(Y.encodeStateVector(doc)), writeStep2(Y.encodeStateAsUpdate(doc)), writeAwareness(encodeAwareness([here])));
  doc.destroy();
  return frames;
}

function edit(doc: Y.Doc, random: FuzzRandom): void {
  const text = doc.getText('content');
  const at = random.below(text.length + 1);
  const kind = random.below(7);
  if (kind < 3 || text.length - at < 2) text.insert(at, random.pick(['a', '\r\n', 'Grüße', '👩‍🚀', '中文 text', '```python\n1+1\n```\n']));
  else if (kind === 3) text.delete(at, 1 + random.below(text.length - at - 1));
  else if (kind === 4) text.format(at, 1, { bold: random.once(2) });
  else if (kind === 5) doc.getMap('markco').set(random.pick(['a', 'b', 'ключ']), [random.below(2 ** 32), { deep: [null, 1.5, 'x'] }]);
  else doc.getMap('markco').set('type', random.once(2) ? new Y.XmlElement('p') : new Y.Array());
}

function mutated(random: FuzzRandom, real: readonly Uint8Array[]): Uint8Array {
  const frame = random.pick(real).slice();
  switch (random.below(8)) {
    case 0:
      return frame.subarray(0, random.below(frame.length));
    case 1:
      return Uint8Array.from([...frame, ...random.pick(real)]);
    case 2:
      return Uint8Array.from([...frame, ...random.bytes(1 + random.below(4))]);
    case 3: {
      frame[random.below(frame.length)]! ^= 1 << random.below(8);
      return frame;
    }
    case 4: {
      for (let n = 1 + random.below(6); n > 0; n--)
        frame[random.below(frame.length)] = random.pick([0, 1, 4, 7, 10, 0x7f, 0x80, 0x84, 0xff]);
      return frame;
    }
    case 5:
      return stretched(frame, random);
    case 6: {
      // A piece of another frame in the middle of this one.
      const other = random.pick(real);
      frame.set(other.subarray(0, Math.min(other.length, 1 + random.below(12), frame.length - 1)), 0);
      return frame;
    }
    default:
      return random.once(2) ? frame : writeUpdate(frame);
  }
}

/** One number of the frame written with a byte more than it needs. */
function stretched(frame: Uint8Array, random: FuzzRandom): Uint8Array {
  const at = random.below(frame.length);
  return Uint8Array.from([...frame.subarray(0, at), frame[at]! | 0x80, 0, ...frame.subarray(at + 1)]);
}

function hostileUpdate(random: FuzzRandom): Uint8Array {
  const update = random.pick(Object.values(HOSTILE_UPDATES))(random, random.pick(CLIENTS) ?? random.below(2 ** 32));
  return random.once(4) ? writeStep2(update) : writeUpdate(update);
}

function awareness(random: FuzzRandom): Uint8Array {
  const state = random.pick([
    'null',
    'true',
    '"text"',
    '[]',
    '{',
    '',
    '{"__proto__":{"x":1},"user":null}',
    '{"user":{"id":"someone else","name":"Admin"}}',
    `{"big":"${'x'.repeat(random.pick([100, 5_000, 60_000]))}"}`,
    '['.repeat(4_000),
    `{"a":${'['.repeat(1_500)}${']'.repeat(1_500)}}`,
  ]);
  const entries = Array.from({ length: 1 + random.below(12) }, () => ({
    clientId: random.pick([1, 2, random.below(2 ** 32), 2 ** 53 - 1]),
    clock: random.pick([0, 1, random.below(2 ** 32), 2 ** 53 - 1]),
    state,
  }));
  return writeAwareness(encodeAwareness(entries));
}

function control(random: FuzzRandom): Uint8Array {
  return random.pick([
    () => writeQueryAwareness(),
    () => Uint8Array.of(2, 0, 2, 0x68, 0x69),
    () => Uint8Array.of(2, 0, 200, 1),
    () => Uint8Array.of(4 + random.below(120)),
    () => Uint8Array.of(0, 3 + random.below(100), 0),
    () => new Uint8Array(0),
    () => writeStep1(random.bytes(random.below(30))),
    () => writeStep1(Uint8Array.from([2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 2, 1])),
  ])();
}
