import { randomBytes } from 'node:crypto';
import { createDb, type Db } from '@markco/db/client';
import pg from 'pg';
import { withDatabase } from './template.ts';

export interface TestDatabase {
  url: string;
  db: Db;
  /** Closes `db` and drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

let server: Promise<{ url: string; template: string }> | null = null;

/** A migrated, empty database of its own on the run's Postgres (see global-setup.ts). Takes some 50 ms; call `drop` when done. */
export async function testDatabase(): Promise<TestDatabase> {
  server ??= askBroker();
  const { url: serverUrl, template } = await server;
  const name = `markco_test_${randomBytes(8).toString('hex')}`;
  await asAdmin(serverUrl, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const url = withDatabase(serverUrl, name);
  const db = createDb({ connectionString: url, max: 8, applicationName: 'markco-test' });
  const drop = async () => {
    await db.$disconnect();
    await asAdmin(serverUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  };
  return { url, db, drop };
}

async function askBroker(): Promise<{ url: string; template: string }> {
  const broker = process.env.MARKCO_TEST_DATABASE_BROKER;
  if (!broker) throw new Error('No test database: run the tests through the vitest.config.ts at the root, which starts one.');
  const response = await fetch(broker);
  if (!response.ok) throw new Error(`The test database did not start:\n${await response.text()}`);
  return (await response.json()) as { url: string; template: string };
}

async function asAdmin(url: string, run: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: withDatabase(url, 'postgres') });
  await admin.connect();
  try {
    await run(admin);
  } finally {
    await admin.end();
  }
}
