import type { FuzzRandom } from './fuzz-random.ts';

/** Writes Yjs V1 updates that Yjs itself would never write. */
export class HostileUpdate {
  readonly #out: number[] = [];

  /** Variable-length unsigned integers, up to 2^53. */
  uint(...values: number[]): this {
    for (let value of values) {
      while (value > 127) {
        this.#out.push(0x80 | (value % 128));
        value = Math.floor(value / 128);
      }
      this.#out.push(value);
    }
    return this;
  }

  /** Bytes as they are: the first of a struct is no number of variable length. */
  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#out.push(byte);
    return this;
  }

  text(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.uint(bytes.length).raw(bytes);
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#out);
  }
}

type Shape = (random: FuzzRandom, client: number) => Uint8Array;

const ROOT = 'content';
const start = (client: number, structs: number, clock = 0) => new HostileUpdate().uint(1, structs, client, clock);
/** A first struct: text in the document's root. */
const rootText = (update: HostileUpdate, text: string) => update.uint(4, 1).text(ROOT).text(text);
const repeat = (update: HostileUpdate, times: number, each: (update: HostileUpdate, at: number) => void): HostileUpdate => {
  for (let at = 0; at < times; at++) each(update, at);
  return update;
};

/** Whole, well-encoded updates that no honest client sends, and a few that one might. Each is handed a client id to write as. */
export const HOSTILE_UPDATES: Readonly<Record<string, Shape>> = {
  selfReference: (random, client) =>
    rootText(start(client, 2), 'ab')
      .raw([random.pick([0x84, 0x44])])
      .uint(client, 2 + random.below(3))
      .text('c')
      .uint(0)
      .done(),
  parentInItself: (_, client) => start(client, 1).uint(7, 0, client, 0, 1, 0).done(),
  gapped: (random, client) =>
    rootText(start(client, 1, 1 + random.below(5_000)), 'x'.repeat(1 + random.below(40)))
      .uint(0)
      .done(),
  // Waits for what is before it, of which others tell something else: only its end may turn out to be new.
  tail: (random, client) => {
    const clock = 1 + random.below(6);
    const [flags, ids] = random.pick([
      [0x84, 1],
      [0x44, 1],
      [0xc4, 2],
    ] as const);
    return repeat(start(client, 1, clock).raw([flags]), ids, (update) => update.uint(client, random.below(clock)))
      .text('t'.repeat(1 + random.below(12)))
      .uint(0)
      .done();
  },
  cycle: (_, client) =>
    new HostileUpdate()
      .uint(2, 1, client + 1, 0)
      .raw([0x84])
      .uint(client, 0)
      .text('a')
      .uint(1, client, 0)
      .raw([0x84])
      .uint(client + 1, 0)
      .text('b')
      .uint(0)
      .done(),
  unknownParent: (random, client) =>
    start(client, 1)
      .uint(4, 0, 1 + random.below(2 ** 32), random.below(9))
      .text('a')
      .uint(0)
      .done(),
  parentIsText: (_, client) => rootText(start(client, 2), 'ab').uint(4, 0, client, 0).text('inside a letter').uint(0).done(),
  skips: (random, client) =>
    start(client, 3)
      .uint(10, 1 + random.below(9))
      .uint(0, 1 + random.below(9), 10, random.below(2 ** 31), 0)
      .done(),
  emptyText: (_, client) => rootText(start(client, 1), '').uint(0).done(),
  gcWall: (random, client) =>
    start(client, 1)
      .uint(0, 2 ** (20 + random.below(33)) - 1, 0)
      .done(),
  hugeCounts: (random) =>
    new HostileUpdate()
      .uint(...Array.from({ length: 1 + random.below(4) }, () => random.pick([1, 2 ** 31, 2 ** 32 - 1, 2 ** 53 - 1])))
      .done(),
  hugeDeletes: (random, client) =>
    new HostileUpdate().uint(0, 1, random.once(2) ? client : random.below(2 ** 32), 2, random.below(9), 2 ** 31, 2 ** 40, 2 ** 52).done(),
  sameDeletes: (_, client) => repeat(new HostileUpdate().uint(0, 1, client, 500), 500, (update) => update.uint(0, 2 ** 40)).done(),
  deepValue: (random, client) => {
    const deep = random.pick([30, 80, 20_000]);
    return repeat(start(client, 1).uint(8, 1).text(ROOT).uint(1), deep, (update) => update.raw([117, 1]))
      .raw([126])
      .uint(0)
      .done();
  },
  deepJson: (random, client) => {
    const deep = random.pick([30, 80, 20_000]);
    return start(client, 1)
      .uint(5, 1)
      .text(ROOT)
      .text('['.repeat(deep) + ']'.repeat(deep))
      .uint(0)
      .done();
  },
  deepTypes: (random, client) => {
    const deep = random.pick([5, 60, 300, 2_000]);
    const update = start(client, deep).uint(7, 1).text(ROOT).uint(0);
    return repeat(update, deep - 1, (chain, at) => chain.uint(7, 0, client, at, 0))
      .uint(1, client, 1, 0, 1)
      .done();
  },
  keyedText: (_, client) =>
    start(client, 2).uint(7, 1).text(ROOT).uint(1).uint(0x24, 0, client, 0).text('key').text('several letters').uint(0).done(),
  pile: (random, client) => {
    const size = random.pick([10, 100, 1_500]);
    const letters = (update: HostileUpdate) => repeat(update, size, (pile) => rootText(pile, 'p'));
    return letters(
      letters(new HostileUpdate().uint(2, size, client, 0))
        .uint(size + 1, client + 1, 0)
        .raw([0x84])
        .uint(client, size - 1)
        .text('q'),
    )
      .uint(0)
      .done();
  },
  manyClients: (random, client) => {
    const size = random.pick([10, 100, 3_000]);
    return repeat(new HostileUpdate().uint(size), size, (update, at) => rootText(update.uint(1, client + at, random.below(2)), 'm'))
      .uint(0)
      .done();
  },
  halfEmoji: (_, client) => rootText(start(client, 2), '😀😀').raw([0x84]).uint(client, 0).text('split').uint(1, client, 1, 2, 1).done(),
};
