import { PrismaPg } from '@prisma/adapter-pg';
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

// The server ends a statement in time; who hears nothing so long after that has no connection any more.
const ANSWER_LATE_MS = 2_000;

/**
 * Opens a bounded pool on Postgres. Nothing is connected until the first query; `db.$disconnect()` closes it.
 * Every connection works in UTC, which the driver adapter relies on.
 */
export function createDb(options: DbOptions): Db {
  const statementTimeoutMs = options.statementTimeoutMs ?? 15_000;
  const adapter = new PrismaPg(
    {
      connectionString: options.connectionString,
      max: options.max ?? 10,
      connectionTimeoutMillis: 10_000,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      application_name: options.applicationName ?? 'markco',
      options: `-c timezone=UTC -c statement_timeout=${statementTimeoutMs}`,
      // A connection that fell silent must not be waited for: it would be lost to the pool.
      query_timeout: statementTimeoutMs + ANSWER_LATE_MS,
    },
    // A broken idle connection is replaced at the next query; without a listener it would end the process.
    { onPoolError: () => {}, onConnectionError: () => {} },
  );
  const db = new PrismaClient({ adapter, errorFormat: 'minimal' });
  optionsByDb.set(db, options);
  return db;
}

export { Prisma };
