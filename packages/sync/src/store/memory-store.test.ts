import { documentRef } from '@markco/testing/relay-harness';
import { documentStoreContract } from './document-store.contract.ts';
import { MemoryStore } from './memory-store.ts';

documentStoreContract(
  'MemoryStore',
  async () => {
    const store = new MemoryStore();
    return {
      store,
      create: async (updates) => {
        const ref = documentRef();
        store.create(ref, updates);
        return ref;
      },
      remove: async (ref) => void store.rows.delete(ref.documentId),
      reopen: async () => store,
      close: () => store.close(),
    };
  },
  { lose: true, versions: true },
);
