import { migrate } from '@markco/db/migrate';
import { migrationsHash } from '@markco/db/migration-files';
import pg from 'pg';

/** Any fixed number: runs that share a server make the template one at a time. */
const TEMPLATE_LOCK = 7_211_004_552;

/** Makes, if it is not there, a migrated database that tests clone; returns its name. `url`: any database of the server. */
export async function prepareTemplate(url: string): Promise<string> {
  const name = `markco_template_${await migrationsHash()}`;
  const admin = new pg.Client({ connectionString: withDatabase(url, 'postgres') });
  await admin.connect();
  try {
    await admin.query('SELECT pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const found = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate', [name]);
    if (found.rowCount) return name;
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${name}`);
    await migrate(withDatabase(url, name));
    // The migration's own connections must be gone before anyone clones it.
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    await admin.query(`ALTER DATABASE ${name} WITH is_template true allow_connections false`);
    return name;
  } finally {
    await admin.end();
  }
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.toString();
}
