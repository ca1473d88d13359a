import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../../../lib/seeded-random.ts';
import { TypingCrowd } from '../../../lib/typing-crowd.ts';
import { awayPeer } from '../peer-away.ts';
import type { Bench, Reading, Row } from '../row.ts';
import { type BenchDatabase, type BenchPostgres, startBenchPostgres } from '../servers/bench-database.ts';
import { type BenchServer, type ServerName, startServer } from '../servers/bench-server.ts';

const DRAIN_MS = 60_000;

/** Postgres goes while people type, stays away, and comes back. A Postgres of its own: the other rows need theirs. */
export const databaseAway: Row = {
  number: 8,
  title: 'database away 30 s under 20 typists',
  rounds: 1,
  metrics: [
    { key: 'acknowledged', what: 'acknowledged edits lost', goal: { atMost: 0 } },
    { key: 'alive', what: 'alive after it (1: yes)', goal: { atLeast: 1 } },
    { key: 'drained', what: 'stopped: all saved after its return, s', goal: { atMost: 5 }, digits: 1 },
    { key: 'thawed', what: 'frozen: all saved after its return, s', goal: { atMost: 5 }, digits: 1 },
  ],
  async measure(bench, name) {
    if (name === 'y-websocket 2')
      return { figures: {}, instead: { acknowledged: 'has no database', alive: '–', drained: '–', thawed: '–' } };
    const postgres = await startBenchPostgres();
    try {
      return await withOwnServer(name, postgres, (server, database) =>
        name === 'MarkCo' ? awayOurs(bench, server, { database, postgres }) : awayPeer(server, postgres, secondsAway(bench)),
      );
    } finally {
      await postgres.stop();
    }
  },
};

const secondsAway = (bench: Bench): number => (bench.quick ? 4 : 30);

async function withOwnServer<T>(
  name: ServerName,
  postgres: BenchPostgres,
  use: (server: BenchServer, database: BenchDatabase) => Promise<T>,
): Promise<T> {
  const database = await postgres.database();
  const server = await startServer(name, database);
  try {
    return await use(server, database);
  } finally {
    await server.stop();
    await database.drop();
  }
}

interface Own {
  readonly database: BenchDatabase;
  readonly postgres: BenchPostgres;
}

async function awayOurs(bench: Bench, server: BenchServer, { database: { db }, postgres }: Own): Promise<Reading> {
  const random = new SeededRandom(Date.now());
  const crowd = await TypingCrowd.gather({ db, port: server.port, random, documents: 5, typists: 20, perSecond: 200 });
  try {
    crowd.startTyping();
    await crowd.untilSaved(100);
    const stopped = await outage(crowd, server, { begin: () => postgres.away(), end: () => postgres.back(), seconds: secondsAway(bench) });
    await crowd.untilSaved(100);
    const frozen = await outage(crowd, server, { begin: postgres.freeze, end: postgres.thaw, seconds: secondsAway(bench) });
    const faults = [...stopped.faults, ...frozen.faults, ...(await crowd.settle())];
    return {
      figures: { acknowledged: faults.length, alive: server.isAlive ? 1 : 0, drained: stopped.seconds, thawed: frozen.seconds },
      remark: faults[0] ?? `${crowd.made} edits typed.`,
    };
  } finally {
    crowd.close();
  }
}

interface Outage {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  readonly seconds: number;
}

async function outage(
  crowd: TypingCrowd,
  server: BenchServer,
  { begin, end, seconds }: Outage,
): Promise<{ faults: string[]; seconds: number }> {
  crowd.startTyping();
  await begin();
  await sleep(seconds * 1000);
  // While the relay stands still, what it said so far is held against what the database has.
  server.child.kill('SIGSTOP');
  await end();
  const faults = await crowd.faults();
  crowd.stopTyping();
  const back = performance.now();
  server.child.kill('SIGCONT');
  const drained = await crowd.untilAllSaved(DRAIN_MS).then(
    () => (performance.now() - back) / 1000,
    () => Number.NaN,
  );
  crowd.startTyping();
  return { faults, seconds: drained };
}
