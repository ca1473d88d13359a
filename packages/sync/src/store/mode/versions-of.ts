import type { VersionStore } from '../document-store.ts';

/** SY9: versions lie in Postgres in every mode. `ahead`: the text of a document that is newer than what Postgres has, null where Postgres is first. */
export function versionsOf(inPostgres: VersionStore, ahead: (documentId: string) => Promise<string | null>): VersionStore {
  return {
    list: (documentId) => inPostgres.list(documentId),
    read: (documentId, versionId) => inPostgres.read(documentId, versionId),
    keep: async (documentId, point) => {
      const text = point.text ?? (await ahead(documentId));
      return inPostgres.keep(documentId, text === null ? point : { ...point, text });
    },
  };
}
