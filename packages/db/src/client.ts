import { PrismaPg } from '@prisma/adapter-pg';
import { poolConfig } from './connection-config.ts';
import { Prisma, PrismaClient } from './generated/client.ts';
import type { SqlTx } from './sql.ts';

/** The database as every package sees it. */
export type Db = PrismaClient;

/** A transaction of {@link inTx}: the same tables, plain SQL, and work that must wait for the commit. */
export type Tx = Prisma.TransactionClient & SqlTx;

/** What a query needs where it does not matter whether it runs in a transaction. */
export type DbOrTx = Db | Prisma.TransactionClient;

export interface DbOptions {
  connectionString: string;
  /** Most connections held at once; default 10. */
  max?: number;
  /** Longest a single statement may run, in ms; default 15,000. */
  statementTimeoutMs?: number;
  applicationName?: string;
}

const optionsByDb = new WeakMap<Db, DbOptions>();

/** What a database was opened with, for one more connection to it. Throws where it was not opened by {@link createDb}. */
export function optionsOf(db: Db): DbOptions {
  const options = optionsByDb.get(db);
  if (!options) throw new Error('This database client was not opened by createDb.');
  return options;
}

/** Opens a bounded pool on Postgres. Nothing is connected until the first query; `db.$disconnect()` closes it. */
export function createDb(options: DbOptions): Db {
  // A broken idle connection is replaced at the next query; without a listener it would end the process.
  const adapter = new PrismaPg(poolConfig(options), { onPoolError: () => {}, onConnectionError: () => {} });
  const db = new PrismaClient({ adapter, errorFormat: 'minimal' });
  optionsByDb.set(db, options);
  return db;
}

export { Prisma };
