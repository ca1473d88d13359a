import pg from 'pg';
import type { DbOrTx } from './client.ts';
import { engineMigrationsList, type MigrationFile, readMigrationFiles } from './migration-files.ts';
import { openSchemaEngine } from './schema-engine.ts';

// Any fixed number; it only has to be ours.
const MIGRATE_LOCK = 7_211_004_551;

/**
 * Applies the committed migrations that the database does not have yet, one starter at a time (others wait for the lock).
 * Returns the names applied. Throws, changing nothing, where an applied migration was edited or failed half-way.
 */
export async function migrate(connectionString: string): Promise<{ applied: string[] }> {
  const files = await readMigrationFiles();
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000, application_name: 'markco-migrate' });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATE_LOCK]);
    if (pending(files, await readHistory((sql) => client.query(sql).then((result) => result.rows))).length === 0) return { applied: [] };
    return { applied: await apply(connectionString, files) };
  } finally {
    await client.end();
  }
}

/** The names of committed migrations that the database does not have; empty when it is ready (OP4). */
export async function migrationsPending(db: DbOrTx): Promise<string[]> {
  return pending(await readMigrationFiles(), await readHistory((sql) => db.$queryRawUnsafe(sql)));
}

interface Applied {
  name: string;
  checksum: string;
  finished: boolean;
}

async function readHistory(query: (sql: string) => Promise<unknown>): Promise<Applied[]> {
  const [table] = (await query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`)) as { present: boolean }[];
  if (!table?.present) return [];
  return (await query(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  )) as Applied[];
}

function pending(files: readonly MigrationFile[], history: readonly Applied[]): string[] {
  const known = new Map(history.map((row) => [row.name, row]));
  for (const row of history) {
    const file = files.find((candidate) => candidate.name === row.name);
    if (!row.finished)
      throw new Error(
        `Migration ${row.name} failed half-way earlier. Restore the database from a backup, or repair it and delete that row of _prisma_migrations.`,
      );
    if (file && file.checksum !== row.checksum) {
      throw new Error(
        `Migration ${row.name} was edited after it was applied here. Bring its migration.sql back and put the change in a new migration.`,
      );
    }
  }
  return files.filter((file) => !known.has(file.name)).map((file) => file.name);
}

async function apply(connectionString: string, files: readonly MigrationFile[]): Promise<string[]> {
  const engine = await openSchemaEngine(connectionString);
  try {
    const output = await engine.applyMigrations({
      migrationsList: engineMigrationsList(files),
      filters: { externalTables: [], externalEnums: [] },
    });
    return output.appliedMigrationNames;
  } finally {
    engine.free();
  }
}
