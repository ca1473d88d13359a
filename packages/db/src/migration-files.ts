import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the committed migrations are. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

/** One committed migration. `checksum`: SHA-256 hex of the SQL, as Prisma records it. */
export interface MigrationFile {
  name: string;
  sql: string;
  checksum: string;
}

/** The committed migrations in the order they are applied. */
export async function readMigrationFiles(dir = MIGRATIONS_DIR): Promise<MigrationFile[]> {
  const names = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(dir, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** One hash over all migrations: names template databases in tests. */
export async function migrationsHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of await readMigrationFiles()) hash.update(file.name).update('\0').update(file.checksum).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** The list as the schema engine takes it. */
export function engineMigrationsList(files: readonly MigrationFile[], dir = MIGRATIONS_DIR) {
  return {
    baseDir: dir,
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: files.map((file) => ({
      path: file.name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: file.sql } },
    })),
  };
}
