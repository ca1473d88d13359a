import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';

let ready: Promise<void> | null = null;

/**
 * Prisma's own schema engine as WebAssembly, connected to `connectionString`: migrates in process and offline.
 * Call `free()` when done.
 */
export async function openSchemaEngine(connectionString: string): Promise<SchemaEngine> {
  ready ??= instantiate();
  await ready;
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString, max: 2 }));
  // Without a schema the engine asks for no client generator and works on the database alone.
  const datamodel = 'datasource db {\n  provider = "postgresql"\n}\n';
  const create = bindings.SchemaEngine.new as unknown as (
    options: object,
    log: (line: string) => void,
    adapter: object,
  ) => Promise<SchemaEngine>;
  return create({ datamodels: [['schema.prisma', datamodel]] }, () => {}, adapter);
}

// The package leaves instantiating to a bundler; Node loads the bytes from beside the bindings.
async function instantiate(): Promise<void> {
  const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'));
  const bytes = await readFile(join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings as unknown as WebAssembly.ModuleImports });
  (bindings as unknown as { __wbg_set_wasm(exports: WebAssembly.Exports): void }).__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
}
