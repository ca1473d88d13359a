import { documentRef } from '@markco/testing/relay-harness';
import { documentStoreContract } from './document-store.contract.ts';
import { MemoryStore } from './memory-store.ts';

documentStoreContract('MemoryStore', async () => {
  const store = new MemoryStore();
  return {
    store,
    create: async (updates) => {
      const ref = documentRef();
      store.create(ref, updates);
      return ref;
    },
    lose: async (ref) => void store.rows.delete(ref.documentId),
    delete: async (ref) => void Object.assign(store.rows.get(ref.documentId)!, { deleted: true }),
    restore: async (ref) => void Object.assign(store.rows.get(ref.documentId)!, { deleted: false }),
    rename: async (ref, path) => {
      const renamed = { ...ref, path };
      store.rows.get(ref.documentId)!.ref = renamed;
      return renamed;
    },
    contentOf: async (ref) => store.rows.get(ref.documentId)!.text,
    reopen: async () => store,
    close: () => store.close(),
  };
});
