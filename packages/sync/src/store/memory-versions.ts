import { randomUUID } from 'node:crypto';
import type { VersionView } from '@markco/core/contract/versions';
import type { VersionPoint, VersionStore } from './document-store.ts';
import { MAX_POINTS } from './version-retention.ts';

/** Points in memory, for tests. `textOf`: the text of a document now, null where it does not exist. */
export class MemoryVersions implements VersionStore {
  readonly #textOf: (documentId: string) => string | null;
  readonly #points = new Map<string, { version: VersionView; text: string }[]>();

  constructor(textOf: (documentId: string) => string | null) {
    this.#textOf = textOf;
  }

  async list(documentId: string): Promise<VersionView[]> {
    return this.#of(documentId).map(({ version }) => version);
  }

  async read(documentId: string, versionId: string): Promise<{ version: VersionView; text: string } | null> {
    return this.#of(documentId).find(({ version }) => version.id === versionId) ?? null;
  }

  async keep(documentId: string, { reason, by, text }: VersionPoint): Promise<VersionView | null> {
    const now = this.#textOf(documentId);
    if (now === null) return null;
    const kept = text ?? now;
    const points = this.#of(documentId);
    if (points[0]?.text === kept) return points[0].version;
    const version: VersionView = { id: randomUUID(), kind: 'point', at: new Date(), reason, by, size: Buffer.byteLength(kept) };
    this.#points.set(documentId, [{ version, text: kept }, ...points].slice(0, MAX_POINTS));
    return version;
  }

  #of(documentId: string): { version: VersionView; text: string }[] {
    return this.#textOf(documentId) === null ? [] : (this.#points.get(documentId) ?? []);
  }
}
