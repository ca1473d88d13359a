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
  readonly pid: number;
  database(): Promise<BenchDatabase>;
  stop(): Promise<void>;
}

/** Starts a Postgres in a temporary folder. */
export async function startBenchPostgres(): Promise<BenchPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), 'markco-bench-pg-'));
  const server = await startEmbeddedPostgres({ dataDir, maxConnections: 100 });
  const template = await prepareTemplate(server.url);
  const admin = new pg.Client({ connectionString: withDatabase(server.url, 'postgres') });
  await admin.connect();
  let made = 0;
  return {
    pid: server.pid,
    database: () => copyOf(template, `bench_${++made}`, { admin, url: server.url }),
    stop: async () => {
      await admin.end();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function copyOf(template: string, name: string, { admin, url }: { admin: pg.Client; url: string }): Promise<BenchDatabase> {
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const own = withDatabase(url, name);
  const db = createDb({ connectionString: own, applicationName: 'markco-bench' });
  return {
    url: own,
    db,
    owner: await makeOwner(db),
    drop: async () => {
      await db.$disconnect();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      // Each measurement begins with nothing left to write from the one before.
      await admin.query('CHECKPOINT');
    },
  };
}
