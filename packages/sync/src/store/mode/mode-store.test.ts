import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SyncMode } from '@markco/core/flags';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { until } from '../../file-store/test-folder.ts';
import { silentLog } from '../../log.ts';
import { documentStoreContract } from '../document-store.contract.ts';
import type { DocumentRef, DocumentStore, LoadedDocument } from '../document-store.ts';
import { MemoryStore } from '../memory-store.ts';
import { createStoreForMode } from './create-store-for-mode.ts';
import { wholeState } from './document-states.ts';
import { ModeMetrics } from './mode-metrics.ts';
import { ModeStore } from './mode-store.ts';
import { WorkspaceFiles } from './workspace-files.ts';

const MODES: SyncMode[] = ['legacy', 'mirror', 'relay_primary'];
const USER = '7f3c0c7e-0000-4000-8000-000000000001';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'markco-mode-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A way to a store that can be cut, as a network or a killed process is. */
function gate(store: DocumentStore): DocumentStore & { open: boolean } {
  const through = {
    kind: store.kind,
    open: true,
    load: (id: string) => (through.open ? store.load(id) : Promise.reject(new Error('away'))),
    append: (batches: Parameters<DocumentStore['append']>[0]) => (through.open ? store.append(batches) : Promise.reject(new Error('away'))),
    saveContent: (contents: Parameters<DocumentStore['saveContent']>[0]) =>
      through.open ? store.saveContent(contents) : Promise.reject(new Error('away')),
    compact: (id: string) => store.compact(id),
    ping: () => (through.open ? store.ping() : Promise.reject(new Error('away'))),
    close: async () => undefined,
  };
  return through;
}

function refOf(name = 'a.md'): DocumentRef {
  return { documentId: randomUUID(), userId: USER, projectId: randomUUID(), project: 'notes', path: name };
}
const fileOf = (ref: DocumentRef): string => path.join(dir, USER, ref.project, ref.path);
const textOf = (loaded: LoadedDocument | null): string => {
  const doc = new Y.Doc();
  if (loaded) Y.applyUpdate(doc, wholeState(loaded));
  return doc.getText('content').toString();
};
function seeded(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('content').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}
function open(mode: SyncMode, postgres: DocumentStore, metrics = new ModeMetrics(null)): ModeStore {
  return new ModeStore({
    mode,
    postgres,
    files: new WorkspaceFiles(dir, silentLog, true),
    metrics,
    log: silentLog,
    peekMs: 500,
    verifyEveryMs: 0,
  });
}

for (const mode of MODES) {
  documentStoreContract(
    `mode ${mode}`,
    async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'markco-mode-'));
      const memory = new MemoryStore();
      let store = createStoreForMode({ mode, prismaStore: gate(memory), workspacesDir: folder, log: silentLog, watch: false });
      return {
        get store() {
          return store;
        },
        create: async (updates = []) => {
          const ref = refOf(`${randomUUID()}.md`);
          memory.create(ref, updates);
          // As the relay does before it appends.
          await store.load(ref.documentId);
          return ref;
        },
        reopen: async () => {
          await store.close();
          store = createStoreForMode({ mode, prismaStore: gate(memory), workspacesDir: folder, log: silentLog, watch: false });
          for (const id of memory.rows.keys()) await store.load(id);
          return store;
        },
        close: async () => {
          await store.close();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
    { lose: false },
  );
}

describe('SY12 modes', () => {
  it.each(MODES)('%s: the file follows an edit, and an outside edit is heard', async (mode) => {
    const memory = new MemoryStore();
    const ref = refOf();
    memory.create(ref, [seeded('one\n')]);
    const store = open(mode, gate(memory));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, wholeState((await store.load(ref.documentId))!));
    store.onExternalUpdate((_, update) => Y.applyUpdate(doc, update));
    const before = Y.encodeStateVector(doc);
    doc.getText('content').insert(4, 'two\n');
    await store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc, before)] }]);
    await until(() => existsSync(fileOf(ref)) && readFileSync(fileOf(ref), 'utf8') === 'one\ntwo\n', 'the file');
    writeFileSync(fileOf(ref), 'one\ntwo\nby hand\n');
    await until(() => doc.getText('content').toString() === 'one\ntwo\nby hand\n', 'the outside edit');
    await store.close();
    const inPostgres = textOf(await memory.load(ref.documentId));
    expect(inPostgres).toBe(mode === 'legacy' ? 'one\n' : 'one\ntwo\nby hand\n');
  });

  it('legacy and mirror go on while Postgres is away, relay_primary refuses', async () => {
    for (const mode of MODES) {
      const memory = new MemoryStore();
      const ref = refOf(`${mode}.md`);
      memory.create(ref, [seeded('one\n')]);
      const away = gate(memory);
      const store = open(mode, away);
      await store.load(ref.documentId);
      away.open = false;
      const append = store.append([{ ref, updates: [seeded('x')] }]);
      if (mode === 'relay_primary') await expect(append).rejects.toThrow('away');
      else {
        await append;
        expect(textOf(await store.load(ref.documentId))).toContain('x');
      }
      away.open = true;
      await store.drained(5_000);
      await store.close();
      expect(textOf(await memory.load(ref.documentId)).includes('x')).toBe(mode === 'mirror');
    }
  });

  it('mirror counts, tells and repairs a difference', async () => {
    const memory = new MemoryStore();
    const ref = refOf();
    memory.create(ref, [seeded('one\n')]);
    const registry = new Registry();
    const store = open('mirror', gate(memory), new ModeMetrics(registry));
    await store.load(ref.documentId);
    expect(await store.verify(ref)).toBe(true);
    await memory.append([{ ref, updates: [seeded('only in postgres\n')] }]);
    expect(await store.verify(ref)).toBe(false);
    expect(await store.verify(ref)).toBe(true);
    expect(await registry.getSingleMetricAsString('sync_mirror_mismatch_total')).toContain('sync_mirror_mismatch_total 1');
    await until(() => readFileSync(fileOf(ref), 'utf8').includes('only in postgres'), 'the file');
    await store.close();
  });

  it('finds the file that was there before, and keeps both texts', async () => {
    const memory = new MemoryStore();
    const ref = refOf();
    memory.create(ref, [seeded('in postgres\n')]);
    mkdirSync(path.dirname(fileOf(ref)), { recursive: true });
    writeFileSync(fileOf(ref), 'in the file\n');
    const store = open('relay_primary', gate(memory));
    const text = textOf(await store.load(ref.documentId));
    expect([...text.matchAll(/in postgres|in the file/g)]).toHaveLength(2);
    await store.close();
    expect([textOf(await memory.load(ref.documentId)), readFileSync(fileOf(ref), 'utf8')]).toEqual([text, text]);
  });

  it('takes over a replaced history, with what only the files had', async () => {
    const memory = new MemoryStore();
    const ref = refOf();
    memory.create(ref, [seeded('one\ntwo\n')], 'first');
    let store = open('legacy', gate(memory));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, wholeState((await store.load(ref.documentId))!));
    const before = Y.encodeStateVector(doc);
    doc.getText('content').insert(8, 'legacy\n');
    await store.append([{ ref, updates: [Y.encodeStateAsUpdate(doc, before)] }]);
    await store.close();
    memory.create(ref, [seeded('one\ntwo\nrestored\n')], 'second');
    store = open('relay_primary', gate(memory));
    const loaded = await store.load(ref.documentId);
    expect(loaded?.epoch).toBe('second');
    const text = textOf(loaded);
    expect([text.includes('legacy\n'), text.includes('restored\n'), text.startsWith('one\ntwo\n')]).toEqual([true, true, true]);
    await store.close();
  });

  it('moves the file of a document that was renamed', async () => {
    const memory = new MemoryStore();
    const ref = refOf();
    memory.create(ref, [seeded('one\n')]);
    const store = open('mirror', gate(memory));
    await store.load(ref.documentId);
    const renamed = { ...ref, path: 'sub/b.md' };
    memory.rows.get(ref.documentId)!.ref = renamed;
    await store.load(ref.documentId);
    expect([existsSync(fileOf(ref)), readFileSync(fileOf(renamed), 'utf8')]).toEqual([false, 'one\n']);
    await store.close();
  });

  it('needs a folder, but for relay_primary', () => {
    const options = { prismaStore: new MemoryStore(), workspacesDir: null, log: silentLog };
    expect(() => createStoreForMode({ ...options, mode: 'legacy' })).toThrow(/MARKCO_WORKSPACES_DIR/);
    expect(createStoreForMode({ ...options, mode: 'relay_primary' })).toBe(options.prismaStore);
  });
});

type Step =
  | { do: 'edit'; at: number }
  | { do: 'outside'; at: number }
  | { do: 'flip'; to: SyncMode; crash: boolean }
  | { do: 'outage' }
  | { do: 'back' };
const at = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('edit' as const), at }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('outside' as const), at }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('flip' as const), to: fc.constantFrom(...MODES), crash: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ do: 'outage' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'back' as const }) },
);

/** A client that stays connected over every flip, and a program that edits the file. */
class Life {
  readonly memory = new MemoryStore();
  readonly ref = refOf(`${randomUUID()}.md`);
  readonly client = new Y.Doc();
  readonly tokens: string[] = [];
  #postgres = gate(this.memory);
  #store!: ModeStore;

  async begin(mode: SyncMode): Promise<void> {
    this.memory.create(this.ref, [seeded('line 1\nline 2\nline 3\n')]);
    await this.#open(mode);
  }

  async #open(mode: SyncMode): Promise<void> {
    this.#postgres = gate(this.memory);
    this.#store = open(mode, this.#postgres);
    this.#store.onExternalUpdate((_, update) => Y.applyUpdate(this.client, update));
    Y.applyUpdate(this.client, wholeState((await this.#store.load(this.ref.documentId))!));
    await this.#store.append([{ ref: this.ref, updates: [Y.encodeStateAsUpdate(this.client)] }]);
  }

  async apply(action: Step): Promise<void> {
    if (action.do === 'outage') this.#postgres.open = false;
    else if (action.do === 'back') this.#postgres.open = true;
    else if (action.do === 'flip') {
      if (action.crash) this.#postgres.open = false;
      else await this.#store.drained(2_000);
      await this.#store.close();
      await this.#open(action.to);
    } else if (action.do === 'edit') await this.#edit(action.at);
    else this.#outside(action.at);
  }

  async #edit(place: number): Promise<void> {
    const text = this.client.getText('content');
    const before = Y.encodeStateVector(this.client);
    text.insert(between(text.toString(), place), this.#token());
    const update = Y.encodeStateAsUpdate(this.client, before);
    // Refused: the client keeps it and brings it when it reconnects.
    await this.#store.append([{ ref: this.ref, updates: [update] }]).catch(() => undefined);
  }

  #outside(place: number): void {
    if (!existsSync(fileOf(this.ref))) return;
    const text = readFileSync(fileOf(this.ref), 'utf8');
    const offset = between(text, place);
    writeFileSync(fileOf(this.ref), text.slice(0, offset) + this.#token() + text.slice(offset));
  }

  #token(): string {
    const n = this.tokens.length;
    this.tokens.push(String.fromCharCode(0x4e00 + 3 * n, 0x4e01 + 3 * n, 0x4e02 + 3 * n));
    return this.tokens[n]!;
  }

  async end(): Promise<void> {
    this.#postgres.open = true;
    const texts: string[] = [];
    for (const mode of [...MODES, 'mirror' as const, 'relay_primary' as const]) {
      await this.#store.close();
      await this.#open(mode);
      texts.push(textOf(await this.#store.load(this.ref.documentId)));
    }
    await this.#store.close();
    texts.push(
      this.client.getText('content').toString(),
      readFileSync(fileOf(this.ref), 'utf8'),
      textOf(await this.memory.load(this.ref.documentId)),
    );
    expect(new Set(texts.slice(1)).size, JSON.stringify(texts)).toBe(1);
    for (const token of this.tokens) expect(texts.at(-1)!.split(token).length - 1, `${token} in ${texts.at(-1)}`).toBe(1);
  }
}

function between(text: string, place: number): number {
  const offset = Math.floor(place * text.length);
  const code = text.charCodeAt(offset) - 0x4e00;
  return code > 0 && code % 3 !== 0 ? offset - (code % 3) : offset;
}

it('SY12: edits, outside edits, outages and flips of the mode in any order end with one text, nothing lost or doubled', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...MODES), fc.array(step, { minLength: 2, maxLength: 16 }), async (mode, steps) => {
      const life = new Life();
      await life.begin(mode);
      for (const action of steps) await life.apply(action);
      await life.end();
    }),
    { numRuns: Number(process.env.PROPERTY_RUNS ?? 20) },
  );
}, 120_000);
