import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { freePort } from '@markco/testing/free-port';
import { until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { type Scenario, scenario } from '../lib/chaos-scenario.ts';
import { RelayProcess } from '../lib/relay-process.ts';
import { TypingCrowd } from '../lib/typing-crowd.ts';

/** When the process is killed. */
const MOMENTS = ['typing', 'starting', 'loading', 'compacting', 'stopping'] as const;
type Moment = (typeof MOMENTS)[number];

let database: TestDatabase;
let port: number;
let relay: RelayProcess;
let crowd: TypingCrowd;

beforeEach(async () => {
  database = await testDatabase();
  port = await freePort();
});
afterEach(async () => {
  crowd?.close();
  if (relay?.isAlive) await relay.end('SIGKILL');
  await database.drop();
});

const startRelay = (): RelayProcess => new RelayProcess({ databaseUrl: database.url, port });
const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Somebody holds the lock of a compaction. */
async function isCompacting(): Promise<boolean> {
  const [row] = await database.db.$queryRaw<{ busy: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()) AS busy`;
  return row!.busy;
}

/** Waits for the moment, and kills. The relay is starting when it is called. */
async function killAt(moment: Moment, { random }: Scenario): Promise<void> {
  if (moment === 'starting') {
    await nap(random.int(0, 1_500));
  } else if (moment === 'loading') {
    // Everyone comes back within some 150 ms of the port being there.
    await relay.ready();
    await nap(random.int(0, 200));
  } else {
    await relay.ready();
    await crowd.untilSaved(random.int(20, 150));
    if (moment === 'compacting') await untilCompacting();
    if (moment === 'stopping') {
      relay.signal('SIGTERM');
      await nap(random.int(0, 60));
    }
  }
  await relay.end('SIGKILL');
}

async function untilCompacting(): Promise<void> {
  let busy = false;
  await until(
    () => busy,
    300_000,
    'a compaction to run',
    async () => {
      busy = await isCompacting();
    },
  );
}

describe('a relay process that is killed', () => {
  scenario('SY4, SY5: kill -9 at random under typing loses nothing relayed or acknowledged, and doubles nothing', async (run) => {
    const { random, size, progress, count, explain } = run;
    explain(() => relay.log);
    const kills = size(MOMENTS.length, Number(process.env.CHAOS_KILLS ?? 200));
    const typists = size(12, 50);
    crowd = await TypingCrowd.gather({ db: database.db, port, random, documents: size(2, 5), typists, perSecond: size(250, 500) });
    relay = await startRelay().ready();
    crowd.startTyping();
    for (let kill = 1; kill <= kills; kill++) {
      const moment = kill <= MOMENTS.length ? MOMENTS[kill - 1]! : random.pick(MOMENTS);
      await killAt(moment, run);
      await crowd.untilCutOff();
      expect(await crowd.faults()).toEqual([]);
      progress(`kill ${kill} of ${kills} (${moment}): ${crowd.saved} edits saved, ${crowd.seen} tokens seen by others`);
      crowd.replaceOne();
      relay = startRelay();
    }
    await relay.ready();
    await crowd.untilSaved(1);
    expect(await crowd.settle()).toEqual([]);
    expect(await relay.end('SIGTERM')).toMatchObject({ code: 0 });
    count('kills', kills);
    count('edits saved', crowd.saved);
    count('tokens seen by others', crowd.seen);
  });

  scenario('SY9: after a kill between commit and text, the text follows though nobody types any more', async (run) => {
    const { random, size } = run;
    crowd = await TypingCrowd.gather({ db: database.db, port, random, documents: 1, typists: 2, perSecond: 50 });
    for (let kill = 0; kill < size(1, 10); kill++) {
      relay = await startRelay().ready();
      crowd.startTyping();
      await crowd.untilSaved(random.int(1, 20));
      crowd.stopTyping();
      await crowd.untilAllSaved();
      await relay.end('SIGKILL');
      await crowd.untilCutOff();
      relay = await startRelay().ready();
      expect(await crowd.settle()).toEqual([]);
      await relay.end('SIGKILL');
    }
  });
});
