import type { Resources } from '../resources.ts';
import { openServerDocument, type ServerDocument } from './server-document.ts';

/** How long a document stays connected after its last use, in ms: a run that prints for a while writes again in two seconds. */
const IDLE_MS = 10_000;

/** Server-side clients of the relay, one a document, shared by the runs of that document and closed when idle. */
export interface ServerDocuments {
  /** One user of a document at a time: a transaction and its flush belong together. */
  use<T>(documentId: string, work: (document: ServerDocument) => Promise<T>): Promise<T>;
  close(): void;
}

const made = new WeakMap<Resources, ServerDocuments>();

/** Those of this process that are not a run's; made once a `Resources` object, closed with it. */
export function serverDocumentsOf(resources: Resources): ServerDocuments {
  let documents = made.get(resources);
  if (!documents) {
    documents = createServerDocuments(resources, resources.internalRelayUrl);
    made.set(resources, documents);
  }
  return documents;
}

/** Closes what {@link serverDocumentsOf} made, if it did. */
export const closeServerDocuments = (resources: Resources): void => made.get(resources)?.close();

export function createServerDocuments(resources: Resources, relayUrl: string | undefined): ServerDocuments {
  const open = new Map<string, { document: ServerDocument; queue: Promise<unknown>; users: number; idle?: NodeJS.Timeout }>();
  const entryOf = (documentId: string) => {
    const known = open.get(documentId);
    if (known && !known.document.stale) return known;
    if (known) drop(documentId);
    const entry = { document: openServerDocument(resources, documentId, relayUrl), queue: Promise.resolve() as Promise<unknown>, users: 0 };
    open.set(documentId, entry);
    return entry as typeof entry & { idle?: NodeJS.Timeout };
  };
  const drop = (documentId: string) => {
    const entry = open.get(documentId);
    if (!entry) return;
    clearTimeout(entry.idle);
    entry.document.close();
    open.delete(documentId);
  };
  return {
    async use(documentId, work) {
      const entry = entryOf(documentId);
      clearTimeout(entry.idle);
      entry.users++;
      const mine = entry.queue.then(() => work(entry.document));
      entry.queue = mine.catch(() => {});
      try {
        return await mine;
      } finally {
        entry.users--;
        if (entry.users === 0 && open.get(documentId) === entry) {
          if (entry.document.stale) drop(documentId);
          else entry.idle = setTimeout(() => drop(documentId), IDLE_MS);
        }
      }
    },
    close() {
      for (const documentId of [...open.keys()]) drop(documentId);
    },
  };
}
