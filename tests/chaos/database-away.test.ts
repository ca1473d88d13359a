import { makeDocument } from '@markco/sync/sidecar/test-world';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { type Scenario, scenario, WHOLE, wholeScenario } from '../lib/chaos-scenario.ts';
import { CutProxy } from '../lib/cut-proxy.ts';
import { OwnPostgres } from '../lib/own-postgres.ts';
import { RelayProcess } from '../lib/relay-process.ts';
import { storedDocument, textOf } from '../lib/stored-document.ts';
import { TypingCrowd } from '../lib/typing-crowd.ts';
import { loneTypist } from '../lib/typist.ts';

const MB = 1024 * 1024;

let postgres: OwnPostgres;
let proxy: CutProxy;
let port: number;
let relay: RelayProcess;
let startRelay: () => Promise<RelayProcess>;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  postgres = await OwnPostgres.start();
  port = await freePort();
  const through = await CutProxy.before(postgres.url);
  proxy = through.proxy;
  startRelay = () => new RelayProcess({ databaseUrl: through.url, port }).ready();
  relay = await startRelay();
});
afterAll(async () => {
  relay.signal('SIGCONT');
  // One process outlives everything that is done to its database here.
  const ended = await relay.end('SIGTERM');
  await proxy.close();
  await postgres.remove();
  expect(ended).toMatchObject({ code: 0 });
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function gather({ random, size, explain }: Scenario): Promise<TypingCrowd> {
  explain(() => relay.log.slice(-4_000));
  const crowd = await TypingCrowd.gather({ db: postgres.db, port, random, documents: 2, typists: size(6, 20), perSecond: size(80, 200) });
  closing.push(() => crowd.close());
  crowd.startTyping();
  await crowd.untilSaved(30);
  return crowd;
}

/**
 * The database goes while people type, stays away, and comes back: nobody was told "Saved" of anything it does not have, and soon
 * everything is saved.
 */
async function outage(
  run: Scenario,
  away: { begin: () => unknown; end: () => unknown; seconds: [share: number, whole: number]; drainMs?: number },
): Promise<void> {
  const { size, progress, count } = run;
  const crowd = await gather(run);
  await away.begin();
  const seconds = size(...away.seconds);
  await nap(seconds * 1000);
  expect(crowd.typists.some(({ isSaved }) => !isSaved)).toBe(true);
  // While the relay stands still, what it said so far is held against what the database has.
  relay.signal('SIGSTOP');
  const made = crowd.made;
  await away.end();
  expect(await crowd.faults()).toEqual([]);
  crowd.stopTyping();
  const back = performance.now();
  relay.signal('SIGCONT');
  await crowd.untilAllSaved();
  const drainedMs = performance.now() - back;
  progress(`away ${seconds} s, ${made} tokens typed, all saved ${drainedMs.toFixed(0)} ms after it was back`);
  count('ms until all saved', Math.round(drainedMs));
  if (WHOLE) expect(drainedMs).toBeLessThan(away.drainMs ?? 5_000);
  crowd.startTyping();
  await crowd.untilSaved(20);
  expect(await crowd.settle()).toEqual([]);
  expect(relay.isAlive).toBe(true);
}

describe('a database that goes away', () => {
  scenario('SY6: Postgres stopped in mid-typing (fast), and started again', (run) =>
    outage(run, { begin: () => postgres.stop('fast'), end: () => postgres.start(), seconds: [2, 30] }),
  );

  scenario('SY6: Postgres stopped in mid-typing (immediate: as a crash), and started again', (run) =>
    outage(run, { begin: () => postgres.stop('immediate'), end: () => postgres.start(), seconds: [2, 30] }),
  );

  // Longer than an append may take, so that the retry meets the first attempt.
  scenario('SY6: Postgres hangs (SIGSTOP of all its processes), and goes on', (run) =>
    outage(run, { begin: () => postgres.freeze(), end: () => postgres.thaw(), seconds: [11, 30] }),
  );

  scenario('SY6: every connection refused, and let in again', (run) =>
    outage(run, { begin: () => proxy.refuse(), end: () => proxy.heal(), seconds: [2, 30] }),
  );

  // Each is given up only some time after it was asked. In two minutes a pool that kept them would be used up.
  wholeScenario('SY6: connections that fall silent and never speak again', (run) =>
    outage(run, { begin: () => proxy.hang(), end: () => proxy.heal('forgotten'), seconds: [1, 120], drainMs: 60_000 }),
  );

  scenario('SY6: connections cut again and again in mid-typing', async (run) => {
    const { random, size, count } = run;
    const crowd = await gather(run);
    const cuts = size(20, 300);
    for (let cut = 0; cut < cuts; cut++) {
      await crowd.untilSaved(random.int(0, 10));
      proxy.cut();
      if (random.chance(0.2)) crowd.replaceOne();
    }
    expect(await crowd.settle()).toEqual([]);
    count('cuts', cuts);
    count('edits saved', crowd.saved);
  });

  scenario(
    'SY6: Postgres, then the relay gone too: what anyone was told is saved is in Postgres, and nothing else was promised',
    async (run) => {
      const { random, size } = run;
      for (let round = 0; round < size(1, 10); round++) {
        const crowd = await gather(run);
        await postgres.stop(random.pick(['fast', 'immediate']));
        await nap(random.int(0, 300));
        await relay.end('SIGKILL');
        await crowd.untilCutOff();
        await postgres.start();
        expect(await crowd.faults()).toEqual([]);
        relay = await startRelay();
        expect(await crowd.settle()).toEqual([]);
        crowd.close();
      }
    },
  );
});

describe('the queue while the database is away', () => {
  scenario(
    'SY6: is bounded: a writer of more than 8 MB is sent away with 1013, keeps its edits, and saves them later',
    async ({ explain }) => {
      explain(() => relay.log.slice(-4_000));
      const ref = await makeDocument(postgres.db);
      const writer = loneTypist(ref, port);
      const reader = loneTypist(ref, port, { name: 'b' });
      closing.push(
        () => writer.destroy(),
        () => reader.destroy(),
      );
      await until(() => writer.isSaved && reader.isSaved);
      proxy.hang();
      for (let i = 0; i < 9; i++) writer.text.insert(0, String(i).repeat(MB));
      await until(() => writer.closes.includes(1013), 120_000, '1013');
      const [waiting] = (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).match(/^sync_pending_bytes .*/m) ?? [''];
      expect(Number(waiting.split(' ')[1])).toBeLessThanOrEqual(8 * MB);
      expect(writer.connection.status.unsaved).toBe(9);
      expect(reader.text.length).toBe(0);
      proxy.heal();
      await until(() => writer.isSaved, 120_000, 'the writer to be told "Saved"');
      await until(() => reader.text.length === 9 * MB, 120_000, 'the reader to see it');
      expect(textOf(await storedDocument(postgres.db, ref.documentId))).toBe(writer.text.toString());
    },
  );
});
