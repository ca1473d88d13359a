import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDb, type Db } from '@markco/db/client';
import { startEmbeddedPostgres } from '@markco/db/embedded-postgres';
import { prepareTemplate, withDatabase } from '@markco/testing/template';
import pg from 'pg';
import { makeOwner, type Owner } from './bench-document.ts';

/** An empty, migrated database of one measurement, on the Postgres all share. */
export interface BenchDatabase {
  readonly url: string;
  readonly db: Db;
  readonly owner: Owner;
  drop(): Promise<void>;
}

/** The Postgres of a run: real, on disk, with fsync. */
export interface BenchPostgres {
  /** Its first process as it is now. */
  readonly pid: number;
  database(): Promise<BenchDatabase>;
  /** Stops it, everything kept; until {@link back} it refuses. */
  away(): Promise<void>;
  back(): Promise<void>;
  /** Halts all its processes: connections stay, and nothing answers until {@link thaw}. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Postgres in a temporary folder. */
export async function startBenchPostgres(): Promise<BenchPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'markco-bench-pg-'));
  const start = () => startEmbeddedPostgres({ dataDir, maxConnections: 500 });
  let server = await start();
  const { url } = server;
  const template = await prepareTemplate(url);
  const ask = (sql: string) => askOnce(url, sql);
  let made = 0;
  return {
    get pid() {
      return server.pid;
    },
    database: () => copyOf(template, `bench_${++made}`, { ask, url }),
    away: () => server.stop(),
    back: async () => {
      server = await start();
    },
    freeze: async () => signalAll(server.pid, 'SIGSTOP'),
    thaw: async () => signalAll(server.pid, 'SIGCONT'),
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function signalAll(pid: number, signal: NodeJS.Signals): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  for (const each of [pid, ...children]) process.kill(each, signal);
}

async function askOnce(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(url, 'postgres') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

interface Server {
  readonly ask: (sql: string) => Promise<void>;
  readonly url: string;
}

async function copyOf(template: string, name: string, { ask, url }: Server): Promise<BenchDatabase> {
  await ask(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const own = withDatabase(url, name);
  const db = createDb({ connectionString: own, applicationName: 'markco-bench' });
  return {
    url: own,
    db,
    owner: await makeOwner(db),
    drop: async () => {
      await db.$disconnect();
      await ask(`DROP DATABASE ${name} WITH (FORCE)`);
      // Each measurement begins with nothing left to write from the one before.
      await ask('CHECKPOINT');
    },
  };
}
