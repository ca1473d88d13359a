import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { MIGRATIONS_DIR, readMigrationFiles } from './migration-files.ts';
import { openSchemaEngine } from './schema-engine.ts';

// Development only: `node scripts/make-migration.mjs NAME`. Each migration keeps the schema it leads to, which is what the next is
// compared with, so that SQL written by hand (indexes Prisma cannot express) is left alone.
const name = process.argv[2];
if (!name || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error('Usage: node scripts/make-migration.mjs NAME   (lower case, digits and _)');
  process.exit(2);
}

const earlier = await readMigrationFiles();
const last = earlier.at(-1)?.name;
const schema = await readFile(join(MIGRATIONS_DIR, '../schema.prisma'), 'utf8');
const sql = await difference(last ? await readFile(join(MIGRATIONS_DIR, last, 'schema.prisma'), 'utf8') : null, schema);
if (sql === null) console.log('The migrations already describe prisma/schema.prisma: nothing to write.');
else {
  const folder = join(MIGRATIONS_DIR, `${String(earlier.length + 1).padStart(4, '0')}_${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'migration.sql'), sql);
  await writeFile(join(folder, 'schema.prisma'), schema);
  await writeFile(join(MIGRATIONS_DIR, 'migration_lock.toml'), 'provider = "postgresql"\n');
  console.log(`Wrote ${folder}/migration.sql: read it before you commit it.`);
}

async function difference(from: string | null, to: string): Promise<string | null> {
  const datamodel = (content: string) => ({ tag: 'schemaDatamodel' as const, files: [{ path: 'schema.prisma', content }] });
  // Both sides are text, but the engine insists on a server.
  const dataDir = await mkdtemp(join(tmpdir(), 'markco-migration-'));
  const postgres = await startEmbeddedPostgres({ dataDir, durable: false });
  const engine = await openSchemaEngine(postgres.url);
  try {
    const result = await engine.diff({
      from: from === null ? { tag: 'empty' } : datamodel(from),
      to: datamodel(to),
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return /^(?!--)\s*\S/m.test(result.stdout ?? '') && !/empty migration/i.test(result.stdout ?? '') ? result.stdout : null;
  } finally {
    engine.free();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
