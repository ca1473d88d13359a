import { makeDocument } from '@markco/sync/sidecar/test-world';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { scenario, WHOLE } from '../lib/chaos-scenario.ts';
import { CutProxy } from '../lib/cut-proxy.ts';
import { HeldLock } from '../lib/held-lock.ts';
import { type Ended, RelayProcess } from '../lib/relay-process.ts';
import { seedLog } from '../lib/seed-log.ts';
import { storedDocument, textOf, untilContent } from '../lib/stored-document.ts';
import { TokenLedger } from '../lib/token-ledger.ts';
import { loneTypist } from '../lib/typist.ts';

let database: TestDatabase;
const relays: RelayProcess[] = [];
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  database = await testDatabase();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  for (const relay of relays.splice(0)) if (relay.isAlive) await relay.end('SIGKILL');
  await database.drop();
});

/** A relay with a proxy to the database, and one typist in a document of its own who goes where `port` says. */
async function world() {
  const port = await freePort();
  const { proxy, url } = await CutProxy.before(database.url);
  closing.push(() => proxy.close());
  const relay = new RelayProcess({ databaseUrl: url, port, env: { LOG_LEVEL: 'info' } });
  relays.push(relay);
  const ref = await makeDocument(database.db);
  const where = { port };
  const ledger = new TokenLedger();
  const join = () => {
    const typist = loneTypist(ref, () => where.port, { ledger });
    closing.push(() => typist.destroy());
    return typist;
  };
  await relay.ready();
  return { relay, proxy, ref, where, ledger, join };
}
type World = Awaited<ReturnType<typeof world>>;

/** The relay has an edit, and nowhere to store it. */
async function untilPending({ relay }: World): Promise<void> {
  let pending = 0;
  await until(
    () => pending > 0,
    120_000,
    'an edit to wait in the relay',
    async () => {
      const text = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text();
      pending = Number(/^sync_pending_bytes (\d+)/m.exec(text)?.[1]);
    },
  );
}

/** Puts the relay into a state, sends SIGTERM, and says how it ended. */
type State = (world: World) => Promise<Ended & { ms: number }>;

const idle: State = ({ relay }) => relay.end('SIGTERM');

const typing: State = async ({ relay, join }) => {
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  for (let i = 0; i < 50; i++) typist.insert();
  return relay.end('SIGTERM');
};

const flushInFlight: State = async ({ relay, ref, join }) => {
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  const lock = await HeldLock.begin(database.url);
  await lock.query('SELECT 1 FROM documents WHERE id = $1 FOR UPDATE', [ref.documentId]);
  typist.insert();
  await lock.untilSomeoneWaits('INSERT INTO document_updates');
  typist.insert();
  const ended = relay.end('SIGTERM');
  // It must be waiting for the flush by now: new connections are refused.
  await until(() => relay.log.includes('Stopping'), 120_000, 'the relay to be stopping');
  await lock.commit();
  return ended;
};

const databaseHung: State = async (world) => {
  const { relay, proxy, join } = world;
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  proxy.hang();
  typist.insert();
  await untilPending(world);
  return relay.end('SIGTERM');
};

const databaseGone: State = async (world) => {
  const { relay, proxy, join } = world;
  const typist = join();
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  proxy.refuse();
  typist.insert();
  await untilPending(world);
  return relay.end('SIGTERM');
};

const coldLoad: State = async ({ relay, ref, ledger, join }) => {
  await seedLog(database.db, ref, ledger, 20);
  const lock = await HeldLock.begin(database.url);
  await lock.query('LOCK TABLE document_updates IN ACCESS EXCLUSIVE MODE');
  join();
  await lock.untilSomeoneWaits('string_agg');
  const ended = await relay.end('SIGTERM');
  await lock.commit();
  return ended;
};

const compaction: State = async ({ relay, ref, ledger, join }) => {
  await seedLog(database.db, ref, ledger, 600);
  const typist = join();
  const lock = await HeldLock.begin(database.url);
  await lock.query('SELECT 1 FROM document_updates WHERE document_id = $1 FOR UPDATE', [ref.documentId]);
  await until(() => typist.isSaved, 120_000, 'the typist to be in');
  typist.insert();
  await lock.untilSomeoneWaits('DELETE FROM document_updates');
  const ended = await relay.end('SIGTERM');
  await lock.commit();
  return ended;
};

/** What each must end with: 1 only where something stayed unsaved. */
const STATES: [name: string, state: State, code: number][] = [
  // These two take all the time that they may: first, beside the others.
  ['the database hung', databaseHung, 1],
  ['the database gone', databaseGone, 1],
  ['idle', idle, 0],
  ['typing', typing, 0],
  ['a flush in flight', flushInFlight, 0],
  ['a cold load', coldLoad, 0],
  ['a compaction', compaction, 0],
];

describe('SIGTERM', () => {
  scenario('SY6, OP4: in every state: the exit code, within 10 s, and nothing lost', async ({ progress, explain }) => {
    explain(() => relays.map(({ log }) => log.slice(-1_000)).join('\n'));
    const worlds: World[] = [];
    // A few at a time: seven processes that start together would wait for each other.
    const atOnce = 3;
    const queue = [...STATES];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [name, state, expected] = next;
        const made = await world();
        worlds.push(made);
        const { code, signal, ms } = await state(made);
        progress(`${name}: exit ${code ?? signal} after ${ms.toFixed(0)} ms`);
        expect({ name, code }).toEqual({ name, code: expected });
        if (WHOLE) expect({ name, inTime: ms < 10_000 }).toEqual({ name, inTime: true });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    // The next process finds everyone's documents as they were acknowledged, and takes in what was not.
    for (const { ref, ledger } of worlds) expect(ledger.faults(textOf(await storedDocument(database.db, ref.documentId)))).toEqual([]);
    const next = new RelayProcess({ databaseUrl: database.url, port: await freePort() });
    relays.push(next);
    await next.ready();
    for (const { ref, ledger, where, join } of worlds) {
      where.port = next.port;
      const reader = join();
      await until(() => reader.isSaved, 120_000, 'the document to be open again');
      await until(
        () => ledger.faults(reader.text.toString()).length === 0 && ledger.made === reader.text.toString().split('<').length - 1,
        120_000,
      );
      if (ledger.made > 0) await untilContent(database.db, ref.documentId, reader.text.toString());
      expect(textOf(await storedDocument(database.db, ref.documentId))).toBe(reader.text.toString());
    }
  });
});
