import type { SyncMode } from '@markco/core/flags';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as Y from 'yjs';
import { until } from '../../file-store/test-folder.ts';
import { silentLog } from '../../log.ts';
import type { DocumentRef } from '../document-store.ts';
import { createRow, deleteRow, renameRow, restoreRow } from '../prisma/test-rows.ts';
import { PrismaStore } from '../prisma-store.ts';
import { wholeState } from './document-states.ts';
import type { ModeStore } from './mode-store.ts';
import { Disk, type Gate, gate, MODES, openMode, seeded, TestModes, textIn } from './test-world.ts';

const at = fc.double({ min: 0, max: 1, noNaN: true });
const doc = fc.nat({ max: 1 });
const told = fc.boolean();
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('edit' as const), doc, at }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('outside' as const), doc, at }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('flip' as const),
      to: fc.constantFrom(...MODES),
      how: fc.constantFrom('live', 'restart', 'kill'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), doc, to: fc.nat({ max: 2 }), told }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), doc, told }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restore' as const), doc, told }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), doc }) },
  { weight: 1, arbitrary: fc.constant({ do: 'outage' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'back' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A client that stays connected over every flip, and a program that edits the file. */
interface Open {
  ref: DocumentRef;
  deleted: boolean;
  readonly client: Y.Doc;
  readonly tokens: string[];
}

let database: TestDatabase;
let postgres: PrismaStore;
beforeAll(async () => {
  database = await testDatabase();
  postgres = new PrismaStore(database.db, silentLog);
});
afterAll(async () => {
  await postgres.close();
  await database.drop();
});

/** Two documents of a project, two stores, and what can happen to them. */
class Life {
  readonly #disk = new Disk();
  readonly #documents: Open[] = [];
  readonly #stores: ModeStore[] = [];
  #modes!: TestModes;
  #gate!: Gate;
  #tokens = 0;

  async begin(mode: SyncMode): Promise<void> {
    for (let i = 0; i < 2; i++) {
      const beside = this.#documents[0]?.ref;
      const ref = await createRow(database.db, [seeded('line 1\nline 2\nline 3\n')], { path: `${i}.md`, ...(beside && { beside }) });
      this.#documents.push({ ref, deleted: false, client: new Y.Doc(), tokens: [] });
    }
    await this.#open(mode);
  }

  get #store(): ModeStore {
    return this.#stores.at(-1)!;
  }

  async #open(mode: SyncMode): Promise<void> {
    this.#modes = new TestModes(mode);
    this.#gate = gate(postgres);
    const store = openMode(this.#modes, this.#gate, this.#disk, { drainMs: 100 });
    this.#stores.push(store);
    store.onExternalUpdate((id, update) => {
      const open = this.#documents.find(({ ref }) => ref.documentId === id);
      if (open && store === this.#store) Y.applyUpdate(open.client, update);
    });
    for (const open of this.#documents) await this.#connect(open);
  }

  /** As a client that comes back: each side gets what the other has. */
  async #connect(open: Open): Promise<void> {
    const loaded = await this.#store.load(open.ref.documentId);
    expect(loaded === null).toBe(open.deleted);
    if (!loaded) return;
    Y.applyUpdate(open.client, wholeState(loaded));
    await this.#store.append([{ ref: open.ref, updates: [Y.encodeStateAsUpdate(open.client)] }]);
  }

  async apply(action: Step): Promise<void> {
    if (action.do === 'outage') this.#gate.open = false;
    else if (action.do === 'back') this.#gate.open = true;
    else if (action.do === 'flip') await this.#flip(action.to, action.how);
    else await this.#touch(action, this.#documents[action.doc]!);
  }

  async #flip(to: SyncMode, how: string): Promise<void> {
    if (how === 'live') return this.#modes.set(to);
    if (how === 'restart') {
      await this.#store.drained(2_000);
      await this.#store.close();
    } else {
      this.#disk.crash();
      this.#gate.open = false;
    }
    await this.#open(to);
  }

  async #touch(action: Exclude<Step, { do: 'flip' | 'outage' | 'back' }>, open: Open): Promise<void> {
    if (action.do === 'edit') return this.#edit(open, action.at);
    if (action.do === 'outside') return this.#outside(open, action.at);
    if (action.do === 'compact') return void (await this.#store.compact(open.ref.documentId).catch(() => undefined));
    // The web process needs Postgres for these.
    if (!this.#gate.open) return;
    if (action.do === 'rename') await this.#rename(open, `${action.to}.md`);
    else if (action.do === 'delete' && !open.deleted) {
      await deleteRow(database.db, open.ref);
      open.deleted = true;
    } else if (action.do === 'restore' && open.deleted) {
      if (this.#documents.some((other) => other !== open && other.ref.path === open.ref.path)) return;
      await restoreRow(database.db, open.ref);
      open.deleted = false;
    }
    if (action.told) await this.#store.follow(open.ref.documentId);
    if (action.do === 'restore') await this.#connect(open);
  }

  async #rename(open: Open, to: string): Promise<void> {
    if (open.deleted || this.#documents.some(({ ref, deleted }) => !deleted && ref.path === to)) return;
    open.ref = await renameRow(database.db, open.ref, to);
  }

  async #edit(open: Open, place: number): Promise<void> {
    if (open.deleted) return;
    const text = open.client.getText('content');
    const before = Y.encodeStateVector(open.client);
    text.insert(between(text.toString(), place), this.#token(open));
    const update = Y.encodeStateAsUpdate(open.client, before);
    // Refused: the client keeps it and brings it when it reconnects.
    await this.#store.append([{ ref: open.ref, updates: [update] }]).catch(() => undefined);
  }

  #outside(open: Open, place: number): void {
    if (open.deleted || !this.#disk.has(open.ref)) return;
    const text = this.#disk.read(open.ref);
    // A rename that the files have not followed yet: the name is still another document's.
    if (this.#documents.some((other) => other !== open && other.tokens.some((token) => text.includes(token)))) return;
    const offset = between(text, place);
    this.#disk.write(open.ref, text.slice(0, offset) + this.#token(open) + text.slice(offset));
  }

  #token(open: Open): string {
    const n = this.#tokens++;
    open.tokens.push(String.fromCharCode(0x4e00 + 3 * n, 0x4e01 + 3 * n, 0x4e02 + 3 * n));
    return open.tokens.at(-1)!;
  }

  /** Every mode in turn, nobody typing: one text for each document, every token in it once. */
  async end(): Promise<void> {
    this.#gate.open = true;
    for (const [i, open] of this.#documents.entries()) {
      if (open.deleted) await restoreRow(database.db, { ...open.ref, path: `restored ${i}.md` });
      if (open.deleted) open.ref = { ...open.ref, path: `restored ${i}.md` };
      open.deleted = false;
    }
    for (const mode of [...MODES, 'mirror' as const, 'relay_primary' as const]) {
      await this.#store.drained(5_000);
      await this.#store.close();
      await this.#open(mode);
    }
    for (const open of this.#documents) await this.#check(open);
  }

  async #check({ ref, client, tokens }: Open): Promise<void> {
    let texts: string[] = [];
    await until(async () => {
      await this.#store.drained(5_000);
      const loaded = await this.#store.load(ref.documentId);
      texts = [client.getText('content').toString(), textIn(loaded), textIn(await postgres.load(ref.documentId)), this.#disk.read(ref)];
      return new Set(texts).size === 1;
    }, 'all copies to be the same').catch(() => expect(texts.slice(1)).toEqual(texts.slice(1).map(() => texts[0])));
    for (const token of tokens) expect(texts[0]!.split(token).length - 1, `${token} in ${texts[0]}`).toBe(1);
  }

  async cleanUp(): Promise<void> {
    for (const store of this.#stores) await store.close();
    this.#disk.remove();
  }
}

/** A place that is not inside a token. */
function between(text: string, place: number): number {
  const offset = Math.floor(place * text.length);
  const code = text.charCodeAt(offset) - 0x4e00;
  return code > 0 && code % 3 !== 0 ? offset - (code % 3) : offset;
}

it('SY12: edits, outside edits, renames, deletions, outages, kills and flips of the mode in any order end with one text, nothing lost or doubled', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...MODES), fc.array(step, { minLength: 2, maxLength: 16 }), async (mode, steps) => {
      const life = new Life();
      try {
        await life.begin(mode);
        for (const action of steps) await life.apply(action);
        await life.end();
      } finally {
        await life.cleanUp();
      }
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 3) },
  );
}, 600_000);
