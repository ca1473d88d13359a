#!/usr/bin/env node
/**
 * Generates the Prisma client into packages/db/src/generated, only when prisma/schema.prisma changed since the last time.
 * `prisma generate` never runs the schema engine, so any existing file stands in for it and nothing is downloaded.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const schemaPath = join(root, 'prisma/schema.prisma');
const generated = join(root, 'packages/db/src/generated');
const stampPath = join(generated, '.stamp');
const require = createRequire(import.meta.url);

const schema = readFileSync(schemaPath, 'utf8');
const version = JSON.parse(readFileSync(require.resolve('prisma/package.json'), 'utf8')).version;
const stamp = createHash('sha256').update(version).update('\0').update(schema).digest('hex');
const isCurrent = () => existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp;
if (!isCurrent() || process.argv.includes('--force')) generate();

/** Written beside the real folder and swapped in, so that a process starting meanwhile never reads half a client. */
function generate() {
  const work = join(root, 'packages/db/src', `.generated-${process.pid}`);
  const schemaCopy = join(work, 'schema.prisma');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  writeFileSync(schemaCopy, schema.replace('../packages/db/src/generated', './client'));
  try {
    execFileSync(process.execPath, [require.resolve('prisma/build/index.js'), 'generate', '--schema', schemaCopy], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
        PRISMA_HIDE_UPDATE_MESSAGE: '1',
        CHECKPOINT_DISABLE: '1',
        PRISMA_GENERATE_SKIP_AUTOINSTALL: '1',
      },
    });
    writeFileSync(join(work, 'client', '.stamp'), stamp);
    const old = `${work}-old`;
    if (existsSync(generated)) renameSync(generated, old);
    renameSync(join(work, 'client'), generated);
    rmSync(old, { recursive: true, force: true });
  } catch (error) {
    // Another process generated the same at the same time and was first.
    if (isCurrent()) return;
    console.error('Generating the Prisma client failed:');
    console.error(String(error.stderr ?? '') + String(error.stdout ?? '') || error);
    process.exitCode = 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
