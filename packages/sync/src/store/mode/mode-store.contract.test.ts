import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { afterAll, beforeAll } from 'vitest';
import { silentLog } from '../../log.ts';
import { documentStoreContract } from '../document-store.contract.ts';
import type { DocumentRef } from '../document-store.ts';
import { createRow, deleteRow, renameRow, restoreRow } from '../prisma/test-rows.ts';
import { PrismaStore } from '../prisma-store.ts';
import { Disk, MODES, openMode } from './test-world.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

for (const mode of MODES) {
  documentStoreContract(
    `mode ${mode}`,
    async () => {
      const disk = new Disk();
      const made: DocumentRef[] = [];
      const start = () => openMode(mode, new PrismaStore(database.db, silentLog), disk, { watch: false });
      let store = start();
      const renamed = new Map<string, DocumentRef>();
      return {
        get store() {
          return store;
        },
        create: async (updates = []) => {
          const ref = await createRow(database.db, updates);
          made.push(ref);
          // As the relay does before it appends.
          await store.load(ref.documentId);
          return ref;
        },
        delete: (ref) => deleteRow(database.db, ref),
        restore: (ref) => restoreRow(database.db, ref),
        rename: async (ref, name) => {
          const next = await renameRow(database.db, ref, name);
          renamed.set(ref.documentId, next);
          return next;
        },
        contentOf: async (ref) => {
          if (mode === 'relay_primary')
            return (await database.db.document.findUniqueOrThrow({ where: { id: ref.documentId } })).contentText;
          return readFileSync(path.join(disk.dir, ref.userId, ref.project, (renamed.get(ref.documentId) ?? ref).path), 'utf8');
        },
        reopen: async () => {
          await store.close();
          store = start();
          for (const { documentId } of made) await store.load(documentId);
          return store;
        },
        close: async () => {
          await store.close();
          disk.remove();
        },
      };
    },
    { lose: false, delete: true, versions: true },
  );
}
