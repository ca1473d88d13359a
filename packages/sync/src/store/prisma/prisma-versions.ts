import type { VersionReason, VersionView } from '@markco/core/contract/versions';
import { AppError } from '@markco/core/errors';
import type { Db, Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import type { VersionPoint, VersionStore } from '../document-store.ts';
import { MAX_POINTS, MAX_VERSION_BYTES, MAX_VERSION_LENGTH, MIN_VERSIONS } from '../version-retention.ts';
import type { Fold } from './compact-document.ts';
import { readState } from './read-state.ts';
import { sha256 } from './sha256.ts';

interface Row {
  id: string;
  kind: VersionView['kind'];
  reason: VersionReason | null;
  author: string | null;
  size: number | null;
  created_at: Date;
}

interface TextRow extends Row {
  content_text: string;
  yjs_state: Uint8Array | null;
  sha256: string;
}

/** SY9: the versions of documents in Postgres. Yjs states are read off the main thread, with `fold`. */
export class PrismaVersions implements VersionStore {
  readonly #db: Db;
  readonly #fold: Fold;

  constructor(db: Db, fold: Fold) {
    this.#db = db;
    this.#fold = fold;
  }

  async list(documentId: string): Promise<VersionView[]> {
    const rows = await this.#db.$queryRaw<Row[]>`
      SELECT id, kind, reason, author, size, created_at FROM document_versions
      WHERE document_id = ${documentId}::uuid AND kind IN ('daily', 'point', 'generation')
      ORDER BY created_at DESC, id DESC LIMIT 500`;
    return rows.map(viewOf);
  }

  async read(documentId: string, versionId: string): Promise<{ version: VersionView; text: string } | null> {
    const [row] = await this.#db.$queryRaw<TextRow[]>`
      SELECT id, kind, reason, author, size, created_at, content_text, yjs_state, sha256 FROM document_versions
      WHERE document_id = ${documentId}::uuid AND id = ${versionId}::uuid AND kind IN ('daily', 'point', 'generation')`;
    if (!row) return null;
    const text = row.kind === 'generation' ? await this.#textOf(row) : row.content_text;
    return { version: { ...viewOf(row), size: Buffer.byteLength(text) }, text };
  }

  async keep(documentId: string, point: VersionPoint): Promise<VersionView | null> {
    const text = point.text ?? (await this.#committedText(documentId));
    if (text === null) return null;
    if (text.length > MAX_VERSION_LENGTH) throw new AppError('too_large', 'The text is too large to be kept as a version.');
    const row = await inTx(this.#db, (tx) => keepPoint(tx, documentId, { ...point, text }));
    return row && viewOf(row);
  }

  async #textOf(row: TextRow): Promise<string> {
    if (!row.yjs_state || sha256(row.yjs_state) !== row.sha256)
      throw new AppError('conflict', 'This version is damaged and cannot be shown. Choose another one.');
    return (await this.#fold(row.yjs_state, [])).text;
  }

  async #committedText(documentId: string): Promise<string | null> {
    const state = await readState(this.#db, documentId);
    return state && (await this.#fold(state.snapshot, [...state.replay, ...state.rows.map(({ update }) => update)])).text;
  }
}

/** One at a time a document, so that two points of one text are one; edits are not held up. */
async function keepPoint(tx: Tx, documentId: string, point: Required<VersionPoint>): Promise<Row | null> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`markco-versions:${documentId}`}, 0))`;
  const [document] = await tx.$queryRaw<{ epoch: string }[]>`
    SELECT epoch FROM documents WHERE id = ${documentId}::uuid AND deleted_at IS NULL`;
  if (!document) return null;
  const hash = sha256(point.text);
  const [newest] = await tx.$queryRaw<(Row & { sha256: string })[]>`
    SELECT id, kind, reason, author, size, created_at, sha256 FROM document_versions
    WHERE document_id = ${documentId}::uuid AND kind = 'point' ORDER BY created_at DESC LIMIT 1`;
  if (newest?.sha256 === hash) return newest;
  const stored = point.text.replaceAll('\0', '');
  const [kept] = await tx.$queryRaw<Row[]>`
    INSERT INTO document_versions (id, document_id, kind, reason, author, epoch, sha256, content_text, size, created_at)
    SELECT gen_random_uuid(), ${documentId}::uuid, 'point', ${point.reason}, ${point.by}, ${document.epoch}, ${hash}, ${stored},
      ${Buffer.byteLength(stored)}::int, GREATEST(clock_timestamp(), max(created_at) + interval '1 ms')
    FROM document_versions WHERE document_id = ${documentId}::uuid AND kind = 'point'
    RETURNING id, kind, reason, author, size, created_at`;
  await dropOldest(tx, documentId);
  return kept!;
}

async function dropOldest(tx: Tx, documentId: string): Promise<void> {
  await tx.$executeRaw`
    DELETE FROM document_versions WHERE id IN (
      SELECT id FROM (
        SELECT id, kind, row_number() OVER newest AS n, sum(size) OVER newest AS bytes,
          count(*) FILTER (WHERE kind = 'point') OVER newest AS points
        FROM document_versions WHERE document_id = ${documentId}::uuid AND kind IN ('daily', 'point')
        WINDOW newest AS (ORDER BY created_at DESC, id DESC)
      ) ranked
      WHERE (kind = 'point' AND points > ${MAX_POINTS}::int) OR (bytes > ${MAX_VERSION_BYTES}::bigint AND n > ${MIN_VERSIONS}::int))`;
}

const viewOf = (row: Row): VersionView => ({
  id: row.id,
  kind: row.kind,
  at: row.created_at,
  reason: row.reason,
  by: row.author,
  size: row.size,
});
