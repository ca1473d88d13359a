import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, migrationsPending } from './migrate.ts';
import { readMigrationFiles } from './migration-files.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(() => database.drop());

async function empty(): Promise<void> {
  await database.db.$executeRaw`DROP SCHEMA public CASCADE`;
  await database.db.$executeRaw`CREATE SCHEMA public`;
}

describe('migrate (OP4)', () => {
  it('brings an empty database up to date once, however many start at the same time', async () => {
    await empty();
    const names = (await readMigrationFiles()).map((file) => file.name);
    expect(await migrationsPending(database.db)).toEqual(names);
    const results = await Promise.all([migrate(database.url), migrate(database.url), migrate(database.url)]);
    expect(results.flatMap((result) => result.applied)).toEqual(names);
    expect(await migrationsPending(database.db)).toEqual([]);
    const [row] = await database.db.$queryRaw<
      { checksum: string }[]
    >`SELECT checksum FROM _prisma_migrations ORDER BY migration_name LIMIT 1`;
    expect(row?.checksum).toBe((await readMigrationFiles())[0]?.checksum);
  });

  it('refuses to go on over a migration that was edited or that failed half-way', async () => {
    await database.db.$executeRaw`UPDATE _prisma_migrations SET checksum = 'other'`;
    await expect(migrate(database.url)).rejects.toThrow('was edited after it was applied');
    await database.db.$executeRaw`UPDATE _prisma_migrations SET finished_at = NULL`;
    await expect(migrate(database.url)).rejects.toThrow('failed half-way');
  });

  it('has a migration for everything in the schema', async () => {
    const files = await readMigrationFiles();
    const { readFile } = await import('node:fs/promises');
    const kept = await readFile(new URL(`../../../prisma/migrations/${files.at(-1)?.name}/schema.prisma`, import.meta.url), 'utf8');
    const current = await readFile(new URL('../../../prisma/schema.prisma', import.meta.url), 'utf8');
    expect(kept, 'run `node scripts/make-migration.mjs NAME`').toBe(current);
  });
});
