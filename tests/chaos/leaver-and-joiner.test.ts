import { silentLog } from '@markco/sync/log';
import { makeDocument } from '@markco/sync/sidecar/test-world';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { type RelayHarness, startRelay, stockClient, until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { WebsocketProvider } from 'y-websocket';
import type * as Y from 'yjs';
import { scenario } from '../lib/chaos-scenario.ts';
import { storedDocument, textOf } from '../lib/stored-document.ts';
import { TokenLedger } from '../lib/token-ledger.ts';
import type { TypedDocument } from '../lib/typist.ts';

let database: TestDatabase;
let store: PrismaStore;
let harness: RelayHarness;
let ref: TypedDocument;

beforeEach(async () => {
  database = await testDatabase();
  store = new PrismaStore(database.db, silentLog);
  ref = await makeDocument(database.db);
  // Everything that happens at unload, at once: text, compaction, and the load that may race it.
  harness = await startRelay({
    store,
    limits: { unloadAfterMs: 1, compactRowsAtUnload: 3, compactRows: 20, contentQuietMs: 5, contentMaxMs: 20 },
  });
  harness.authorizer.register(ref);
});
afterEach(async () => {
  await harness.stop();
  await store.close();
  await database.drop();
});

/** Someone in the document: in the process itself, or over the wire. */
interface Guest {
  readonly doc: Y.Doc;
  /** Resolves when what was written is durable. */
  flushed(): Promise<void>;
  leave(): void;
}

async function inProcess(): Promise<Guest> {
  const handle = await harness.relay.open(ref.documentId);
  return { doc: handle.doc, flushed: () => handle.flushed(), leave: () => handle.release() };
}

async function overTheWire(): Promise<Guest> {
  const { doc, provider } = stockClient(harness, ref);
  await until(() => provider.synced, 120_000, 'a client to be synced');
  return { doc, flushed: () => untilStored(doc, provider), leave: () => provider.destroy() };
}

/** A stock client is told nothing: another connection of the process sees only what is durable. */
async function untilStored(doc: Y.Doc, provider: WebsocketProvider): Promise<void> {
  const text = doc.getText('content').toString();
  let stored = '';
  await until(
    () => stored === text && provider.synced,
    120_000,
    'a write to be durable',
    async () => {
      stored = textOf(await storedDocument(database.db, ref.documentId));
    },
  );
}

const nap = (ms: number): Promise<void> => new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));

describe('the last to leave and the next to come', () => {
  scenario('SY16: racing each other, they meet one document, and it loses nothing', async ({ random, size, count, progress }) => {
    const rounds = size(150, 1_000);
    const ledger = new TokenLedger();
    let here = await inProcess();
    for (let round = 0; round < rounds; round++) {
      const token = `<r.${round}>`;
      ledger.noteMade(token);
      here.doc.getText('content').insert(0, token);
      await here.flushed();
      ledger.noteSaved(token);
      const leaver = here;
      const join = random.chance(0.5) ? inProcess : overTheWire;
      // Around the moment of the unload, which is a millisecond and some queries after the last one left.
      const [first, then] = [random.int(0, 3), random.int(0, 12)];
      const leaving = nap(first).then(() => leaver.leave());
      here = await nap(then).then(join);
      await leaving;
      expect(ledger.faults(here.doc.getText('content').toString())).toEqual([]);
      expect(harness.relay.stats().documents).toBe(1);
      if (round % 100 === 99) progress(`${round + 1} of ${rounds}`);
    }
    here.leave();
    await until(() => harness.relay.stats().documents === 0, 120_000, 'the document to be unloaded');
    expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
    count('times', rounds);
  });
});
