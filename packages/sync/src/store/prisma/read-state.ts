import { uuidArray } from '@markco/db/binary-array';
import { type DbOrTx, Prisma } from '@markco/db/client';
import type { Statement, StatementLane } from '@markco/db/statement-lane';
import type { DocumentRef, LoadedDocument } from '../document-store.ts';
import { readyState } from '../ready-state.ts';
import { type LogRow, readLogBlob } from './log-blob.ts';
import { sha256 } from './sha256.ts';

/** A document as it lies in Postgres, verified. `repaired`: the newest snapshot was damaged, this is the one before it plus what was folded in since. */
export interface StoredState {
  readonly ref: DocumentRef;
  readonly epoch: string;
  /** Counts the updates ever stored, see `LoadedDocument.version`. */
  readonly version: number;
  readonly snapshot: Uint8Array | null;
  /** Folded into the damaged snapshot; to be applied before `rows`. Empty unless `repaired`. */
  readonly replay: readonly Uint8Array[];
  readonly rows: readonly LogRow[];
  readonly repaired: boolean;
  /** Hash of the stored text; null where the row does not stand for a text of ours. */
  readonly contentHash: string | null;
}

interface DocumentRow {
  id: string;
  user_id: string;
  project_id: string;
  project: string;
  doc_path: string;
  epoch: string;
  version: number;
  yjs_state: Uint8Array | null;
  yjs_state_sha256: string | null;
  content_hash: string;
  status: string;
  log: Uint8Array | null;
}

interface VersionRow {
  kind: string;
  yjs_state: Uint8Array;
  sha256: string;
}

const HEAD = `
  d.id::text, d.user_id::text, d.project_id::text, d.project, d.doc_path, d.epoch, d.seq::float8 AS version,
  d.yjs_state_sha256, d.content_hash, d.status`;
const LOG = `string_agg(int8send(u.seq) || int4send(length(u.bytes)) || u.bytes, ''::bytea ORDER BY u.seq)`;
const HEAD_AND_LOG = `${HEAD}, (SELECT ${LOG} FROM document_updates u WHERE u.document_id = d.id) AS log`;
const COLUMNS = Prisma.raw(`${HEAD_AND_LOG}, d.yjs_state`);

// What many of them may take of memory at once is bounded by this. Above the second there may be a state that is ready to be sent.
const SMALL_BYTES = 256 * 1024;
const BUILT_BYTES = 64 * 1024;

const READ_SMALL: Statement = {
  name: 'read_small_states',
  text: `SELECT ${COLUMNS.sql} FROM documents d
    WHERE d.id = ANY($1::uuid[]) AND d.deleted_at IS NULL AND COALESCE(length(d.yjs_state), 0) + d.log_bytes <= ${SMALL_BYTES}
      AND (d.yjs_state IS NULL OR length(d.yjs_state) < ${BUILT_BYTES}
        OR NOT EXISTS (SELECT 1 FROM document_versions v WHERE v.document_id = d.id AND v.kind = 'wire'))`,
};

// Where there is no state of that kind, or one of another history, nothing large is read.
const READ_WIRE: Statement = {
  name: 'read_wire_state',
  text: `SELECT ${HEAD_AND_LOG}, NULL::bytea AS yjs_state, length(d.yjs_state) AS snapshot_bytes, v.yjs_state AS wire, v.sha256 AS wire_sha256
    FROM documents d JOIN document_versions v ON v.document_id = d.id AND v.kind = 'wire' AND v.epoch = d.epoch
    WHERE d.id = $1::uuid AND d.deleted_at IS NULL`,
};

interface WireRow extends DocumentRow {
  snapshot_bytes: number;
  wire: Uint8Array;
  wire_sha256: string;
}

/** A document as it lies in Postgres, ready to be handed out (SY16). */
export type StoredReady = Omit<StoredState, 'snapshot' | 'replay' | 'repaired'> & { readonly ready: NonNullable<LoadedDocument['ready']> };

/**
 * SY9, SY10: snapshot and log in one statement, that is in one consistent read. A snapshot whose checksum is wrong falls back one
 * generation. Null where there is no such document; rejects where no undamaged state is left (never an empty one).
 */
export async function readState(db: DbOrTx, documentId: string): Promise<StoredState | null> {
  const [row] = await db.$queryRaw<DocumentRow[]>`
    SELECT ${COLUMNS} FROM documents d WHERE d.id = ${documentId}::uuid AND d.deleted_at IS NULL`;
  return row ? stateOf(db, row) : null;
}

/**
 * SY10: as {@link readState}, of a log that is longer than `foldBytes` and than the snapshot only its beginning: the first row, and what follows
 * as long as it fits. What is read at once passes through memory several times and is decoded between two frames of everyone else.
 */
export async function readStateToFold(
  db: DbOrTx,
  documentId: string,
  foldBytes: number,
): Promise<(StoredState & { readonly more: boolean }) | null> {
  const [row] = await db.$queryRaw<(DocumentRow & { more: boolean })[]>`
    SELECT ${Prisma.raw(HEAD)}, d.yjs_state, part.log, COALESCE(part.more, false) AS more FROM documents d
    CROSS JOIN LATERAL (
      SELECT ${Prisma.raw(LOG)} FILTER (WHERE u.fits) AS log, bool_or(NOT u.fits) AS more FROM (
        SELECT seq, bytes, row_number() OVER before = 1 OR sum(length(bytes)) OVER before <= GREATEST(${foldBytes}::int, length(d.yjs_state)) AS fits
        FROM document_updates WHERE document_id = d.id WINDOW before AS (ORDER BY seq)) u) part
    WHERE d.id = ${documentId}::uuid AND d.deleted_at IS NULL`;
  return row ? { ...(await stateOf(db, row)), more: row.more } : null;
}

async function stateOf(db: DbOrTx, row: DocumentRow): Promise<StoredState> {
  return intactState(row) ?? { ...withoutSnapshot(row), ...(await readGeneration(db, row.id, row.epoch)), repaired: true };
}

/**
 * SY16: many small documents with one statement, each from one consistent read, for a storm of joiners. Left out: documents that do
 * not exist, are large, or whose snapshot is damaged; {@link readState} says what is with them.
 */
export async function readSmallStates(lane: StatementLane, documentIds: readonly string[]): Promise<Map<string, StoredState>> {
  const states = new Map<string, StoredState>();
  for (const row of await lane.run<DocumentRow>(READ_SMALL, [uuidArray(documentIds)])) {
    const state = intactState(row);
    if (state) states.set(row.id, state);
  }
  return states;
}

/** SY16: a large document without building it. Null where nothing intact of that kind fits its snapshot and log; {@link readState} has it then. */
export async function readReadyState(lane: StatementLane, documentId: string): Promise<StoredReady | null> {
  const [row] = await lane.run<WireRow>(READ_WIRE, [documentId]);
  if (!row || !isIntact(row.wire, row.wire_sha256)) return null;
  const stored = withoutSnapshot(row);
  const updates = stored.rows.map(({ update }) => update);
  const ready = readyState(row.wire, row.yjs_state_sha256, updates);
  return ready && { ...stored, ready: { ...ready, snapshotBytes: row.snapshot_bytes } };
}

/** Null where the snapshot's checksum is wrong. */
function intactState(row: DocumentRow): StoredState | null {
  if (row.yjs_state && !isIntact(row.yjs_state, row.yjs_state_sha256)) return null;
  return { ...withoutSnapshot(row), snapshot: row.yjs_state, replay: [], repaired: false };
}

function withoutSnapshot(row: DocumentRow): Omit<StoredState, 'snapshot' | 'replay' | 'repaired'> {
  const ref: DocumentRef = {
    documentId: row.id,
    userId: row.user_id,
    projectId: row.project_id,
    project: row.project,
    path: row.doc_path,
  };
  const contentHash = row.status === 'ok' ? row.content_hash : null;
  return { ref, epoch: row.epoch, version: row.version, rows: readLogBlob(row.log), contentHash };
}

/** The generation before the newest, with the log that led from it to the newest. */
async function readGeneration(db: DbOrTx, documentId: string, epoch: string): Promise<Pick<StoredState, 'snapshot' | 'replay'>> {
  const versions = await db.$queryRaw<VersionRow[]>(Prisma.sql`
    SELECT kind, yjs_state, sha256 FROM document_versions
    WHERE document_id = ${documentId}::uuid AND epoch = ${epoch} AND kind IN ('generation', 'generation_log')`);
  const log = versions.find(({ kind }) => kind === 'generation_log');
  const snapshot = versions.find(({ kind }) => kind === 'generation');
  const intact = log && isIntact(log.yjs_state, log.sha256) && (!snapshot || isIntact(snapshot.yjs_state, snapshot.sha256));
  if (!intact) {
    throw new Error(`The stored state of document ${documentId} is damaged and no earlier generation is intact. Restore it from a backup.`);
  }
  return { snapshot: snapshot?.yjs_state ?? null, replay: readLogBlob(log.yjs_state).map(({ update }) => update) };
}

const isIntact = (bytes: Uint8Array, checksum: string | null): boolean => checksum === sha256(bytes);
