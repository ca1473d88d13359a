import type { Db, Tx } from '@markco/db/client';
import { inTx, type TxOptions } from '@markco/db/in-tx';
import type { CompactionResult } from '../document-store.ts';
import type { FoldedLog } from '../fold-log.mjs';
import { keepDaily } from './keep-daily.ts';
import { writeLogBlob } from './log-blob.ts';
import { readStateToFold, type StoredState } from './read-state.ts';
import { sha256 } from './sha256.ts';

const NOTHING: CompactionResult = { compacted: false, rows: 0, bytes: 0, more: false };
// Twenty megabytes at once stopped the event loop for more than half a second on a busy machine. A longer log is folded in turns.
const FOLD_BYTES = 4 * 1024 * 1024;
// Folding a large document takes a while, and the lock must hold until the end.
const OPTIONS: TxOptions = { isolation: 'ReadCommitted', timeoutMs: 60_000 };

/** Folds a log off the main thread. */
export type Fold = (snapshot: Uint8Array | null, updates: readonly Uint8Array[]) => Promise<FoldedLog>;

/**
 * SY10: under an advisory lock, from one consistent read, and with the snapshot written and exactly the rows that were read deleted
 * in one transaction: an insert that commits meanwhile, whatever its number, stays. What was folded is kept with the snapshot
 * before it, so that a damaged snapshot costs nothing. Of a log that is longer than `foldBytes` and the snapshot only the beginning
 * is folded, and the result says so.
 */
export function compactDocument(db: Db, documentId: string, fold: Fold, foldBytes: number = FOLD_BYTES): Promise<CompactionResult> {
  return inTx(
    db,
    async (tx) => {
      const [lock] = await tx.$queryRaw<{ locked: boolean }[]>`
        SELECT pg_try_advisory_xact_lock(hashtextextended(${`markco-compact:${documentId}`}, 0)) AS locked`;
      if (!lock?.locked) return NOTHING;
      const state = await readStateToFold(tx, documentId, foldBytes);
      if (!state || (state.rows.length === 0 && !state.repaired)) return NOTHING;
      const updates = state.rows.map(({ update }) => update);
      const folded = await fold(state.snapshot, [...state.replay, ...updates]);
      await keepGeneration(tx, state);
      await keepWire(tx, state, folded.wire);
      await keepDaily(tx, state, folded.text);
      // Last, as it locks the row that appends need.
      if (!(await writeSnapshot(tx, state, folded))) throw new Error('The history of the document was replaced while it was compacted.');
      // What waits for other edits is behind the rest of the log now. Were it all there is, its turn would never end.
      return { compacted: true, rows: updates.length, bytes: bytesOf(state), more: state.more && !folded.gaps };
    },
    OPTIONS,
  );
}

/** The snapshot before, and the log that leads from it to the new one, in place of what was kept. */
async function keepGeneration(tx: Tx, state: StoredState): Promise<void> {
  const { documentId } = state.ref;
  await tx.$executeRaw`DELETE FROM document_versions WHERE document_id = ${documentId}::uuid AND kind IN ('generation', 'generation_log', 'wire')`;
  const until = state.rows.map(({ seq }) => seq);
  if (!state.repaired) return copyGeneration(tx, state, until);
  const log = writeLogBlob([...state.replay.map((update) => ({ seq: 0n, update })), ...state.rows]);
  if (state.snapshot) await insertGeneration(tx, state, { kind: 'generation', bytes: state.snapshot, until });
  await insertGeneration(tx, state, { kind: 'generation_log', bytes: log, until: [] });
}

/** Within the database, as nothing of it was changed by reading: tens of megabytes need not come back through this process. */
async function copyGeneration(tx: Tx, { ref, epoch }: StoredState, seqs: readonly bigint[]): Promise<void> {
  const id = ref.documentId;
  await tx.$executeRaw`
    INSERT INTO document_versions (id, document_id, kind, epoch, yjs_state, sha256, content_text, created_at)
    SELECT gen_random_uuid(), d.id, 'generation', ${epoch}, d.yjs_state, d.yjs_state_sha256, '', COALESCE(
      (SELECT min(created_at) FROM document_updates WHERE document_id = ${id}::uuid AND seq = ANY(${seqs}::bigint[])), now())
    FROM documents d WHERE d.id = ${id}::uuid AND d.yjs_state IS NOT NULL`;
  await tx.$executeRaw`
    INSERT INTO document_versions (id, document_id, kind, epoch, yjs_state, sha256, content_text, created_at)
    SELECT gen_random_uuid(), ${id}::uuid, 'generation_log', ${epoch}, log, encode(sha256(log), 'hex'), '', now()
    FROM (SELECT string_agg(int8send(seq) || int4send(length(bytes)) || bytes, ''::bytea ORDER BY seq) AS log
      FROM document_updates WHERE document_id = ${id}::uuid AND seq = ANY(${seqs}::bigint[])) folded`;
}

/** SY16: the new snapshot as it is sent; the one before is gone. */
async function keepWire(tx: Tx, { ref, epoch }: StoredState, wire: Uint8Array<ArrayBuffer> | null): Promise<void> {
  if (!wire) return;
  await tx.$executeRaw`
    INSERT INTO document_versions (id, document_id, kind, epoch, yjs_state, sha256, content_text)
    VALUES (gen_random_uuid(), ${ref.documentId}::uuid, 'wire', ${epoch}, ${wire}, ${sha256(wire)}, '')`;
}

async function writeSnapshot(tx: Tx, state: StoredState, folded: FoldedLog): Promise<boolean> {
  const { documentId } = state.ref;
  const seqs = state.rows.map(({ seq }) => seq);
  const gaps = folded.gaps;
  if (gaps) await tx.$executeRaw`INSERT INTO document_updates (document_id, bytes) VALUES (${documentId}::uuid, ${gaps})`;
  const bytes = bytesOf(state) - (gaps?.length ?? 0);
  const rows = seqs.length - (gaps ? 1 : 0);
  await tx.$executeRaw`DELETE FROM document_updates WHERE document_id = ${documentId}::uuid AND seq = ANY(${seqs}::bigint[])`;
  const written = await tx.$executeRaw`
    UPDATE documents SET yjs_state = ${folded.snapshot}, yjs_state_sha256 = ${sha256(folded.snapshot)},
      log_rows = GREATEST(0, log_rows - ${rows}::int), log_bytes = GREATEST(0, log_bytes - ${bytes}::int)
    WHERE id = ${documentId}::uuid AND epoch = ${state.epoch}`;
  return written === 1;
}

interface Generation {
  readonly kind: 'generation' | 'generation_log';
  readonly bytes: Uint8Array;
  /** Updates that came after what it holds: the oldest of them says until when it was the document. */
  readonly until: readonly bigint[];
}

async function insertGeneration(tx: Tx, state: StoredState, { kind, bytes, until }: Generation): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO document_versions (id, document_id, kind, epoch, yjs_state, sha256, content_text, created_at)
    SELECT gen_random_uuid(), ${state.ref.documentId}::uuid, ${kind}, ${state.epoch}, ${bytes}, ${sha256(bytes)}, '', COALESCE(
      (SELECT min(created_at) FROM document_updates WHERE document_id = ${state.ref.documentId}::uuid AND seq = ANY(${until}::bigint[])), now())`;
}

const bytesOf = ({ rows }: StoredState): number => rows.reduce((sum, { update }) => sum + update.length, 0);
