import { isTerminal, type RunState } from '@markco/core/run/run';
import type { SqlRunner } from '@markco/db/sql';
import { type Provenance, type WriteOutcome, writeOutput } from '@markco/sync/client/write-output';
import type { Resources } from '../resources.ts';
import { readOutput } from './read-output.ts';
import { RUN_COLUMNS } from './run-columns.ts';
import type { RunRow } from './run-row.ts';
import type { ServerDocuments } from './server-documents.ts';

/** A claim holds this long; who claimed gives up before, so that two never write at once. In ms. */
const LEASE_MS = 10_000;
const GIVE_UP_MS = 7_000;
/** RU20: at most this often while a run goes on, in ms. */
export const COMMIT_EVERY_MS = 2_000;

/**
 * RU20: writes a run's output into its document, if this process gets the claim. Idempotent; what a process left undone is due again
 * when its claim is over, because the row still says that less is committed than stored.
 * @returns what happened; null when there was nothing to do or another process does it
 */
export async function commitOutput(resources: Resources, documents: ServerDocuments, runId: string): Promise<WriteOutcome | null> {
  const run = await claim(resources, runId);
  if (!run) return null;
  // The claim is held from here on, also while the events are read.
  const signal = AbortSignal.timeout(GIVE_UP_MS);
  const ended = isTerminal(run.state as RunState);
  const place = { runId, code: run.code, anchor: run.anchor, cellIndex: run.cellIndex };
  const body = await readOutput(resources.sql, run);
  const outcome = run.documentThere
    ? await documents.use(run.documentId, async (document) => {
        await document.synced(signal);
        signal.throwIfAborted();
        const written = writeOutput(document.doc, place, body, provenanceOf(run), ended);
        if (written === 'written') await document.flushed(signal);
        return written;
      })
    : 'gone';
  await resources.sql.rows(
    `UPDATE runs SET output_committed_seq = $2, output_committed_at = $3::timestamptz, updated_at = now()
     WHERE id = $1::uuid AND output_committed_seq < $2`,
    [runId, run.lastSeq, resources.clock.now()],
  );
  return outcome;
}

type ClaimedRun = RunRow & { readonly documentThere: boolean };

/** When a run's output may be written next; null when all of it is. While a claim holds, `output_committed_at` is in the future. */
const DUE_AT = `CASE WHEN granted_at IS NOT NULL AND last_seq > output_committed_seq
  THEN coalesce(output_committed_at, granted_at)
    + CASE WHEN state IN ('queued', 'offered', 'running') THEN interval '${COMMIT_EVERY_MS} milliseconds' ELSE interval '0' END END`;

/** The row, if it is due and this process won it. */
async function claim(resources: Resources, runId: string): Promise<ClaimedRun | null> {
  const now = resources.clock.now();
  const [run] = await resources.sql.rows<ClaimedRun>(
    `UPDATE runs r SET output_committed_at = $3::timestamptz, updated_at = now() WHERE r.id = $1::uuid AND ${DUE_AT} <= $2::timestamptz
     RETURNING ${RUN_COLUMNS}, EXISTS (SELECT 1 FROM documents d WHERE d.id = r.document_id AND d.deleted_at IS NULL) AS "documentThere"`,
    [runId, now, new Date(now.getTime() + LEASE_MS)],
  );
  return run ?? null;
}

/** When the outputs of these runs may be written next; those whose output is all written are left out. */
export async function findDue(sql: SqlRunner, runIds: readonly string[]): Promise<{ id: string; at: Date }[]> {
  return sql.rows(
    `SELECT id, at FROM (SELECT id, ${DUE_AT} AS at FROM runs WHERE id = ANY($1::uuid[])) AS noted WHERE at IS NOT NULL ORDER BY id`,
    [runIds],
  );
}

function provenanceOf(run: RunRow): Provenance {
  const { state, ranOn, reason, freshSession, startedAt, endedAt } = run;
  const durationMs = startedAt && endedAt ? endedAt.getTime() - startedAt.getTime() : null;
  return { state, ranOn, reason, freshSession, durationMs, endedAt: endedAt?.toISOString() ?? null };
}
