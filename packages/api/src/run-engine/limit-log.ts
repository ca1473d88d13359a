import { hiddenWords, LOG_HEAD_BYTES, LOG_MAX_BYTES, LOG_TAIL_BYTES } from '@markco/core/run/log-text';
import type { SqlTx } from '@markco/db/sql';
import { updateRun } from './run-columns.ts';
import type { RunRow } from './run-row.ts';

/** Only what was printed is ever hidden; errors, results, questions and the end stay. */
const PRINTED = ['stdout', 'stderr', 'display', 'warning', 'note'];

/**
 * RU18: once a log passes 10 MB its middle goes: the first MB and the last 8 to 9 MB stay, and a note at the place of the gap names
 * what is hidden. Returns the row as it is now.
 */
export async function limitLog(tx: SqlTx, run: RunRow): Promise<RunRow> {
  if (run.logBytes <= BigInt(LOG_MAX_BYTES)) return run;
  const range = await middle(tx, run);
  if (!range) return run;
  const [removed] = await tx.rows<Removed>(
    `WITH gone AS (
      DELETE FROM run_events
      WHERE run_id = $1::uuid AND (
        (seq >= $2 AND seq <= $3 AND kind = ANY($4::text[]))
        OR (seq < $2 AND kind = 'note' AND body->>'hiddenBytes' IS NOT NULL))
      RETURNING seq, at, octet_length(body::text) AS size, coalesce((body->>'hiddenBytes')::bigint, octet_length(body::text)) AS hidden
    ) SELECT min(seq) AS seq, min(at) AS at, coalesce(sum(size), 0)::int AS bytes, coalesce(sum(hidden), 0)::bigint AS hidden FROM gone`,
    [run.id, range.from, range.to, PRINTED],
  );
  if (!removed?.seq) return run;
  const note = hiddenNote(Number(removed.hidden));
  await tx.rows(`INSERT INTO run_events (run_id, seq, at, kind, body) VALUES ($1::uuid, $2, $3::timestamptz, 'note', $4::jsonb)`, [
    ...[run.id, removed.seq, removed.at, JSON.stringify(note)],
  ]);
  const left = run.logBytes - BigInt(removed.bytes) + BigInt(Buffer.byteLength(JSON.stringify(note)));
  return updateRun(tx, run, { logBytes: left });
}

/** What was deleted; the note of an earlier gap is among it, so that there is one gap with one note. */
interface Removed {
  seq: number | null;
  at: Date;
  bytes: number;
  hidden: bigint;
}

const hiddenNote = (hiddenBytes: number) => ({ kind: 'note', text: hiddenWords(hiddenBytes), hiddenBytes });

/** The events behind the first megabyte and before the last eight. */
async function middle(tx: SqlTx, run: RunRow): Promise<{ from: number; to: number } | null> {
  const [range] = await tx.rows<{ from: number | null; to: number | null }>(
    `WITH sized AS (
      SELECT seq, kind,
        sum(octet_length(body::text)) OVER (ORDER BY seq) AS until,
        sum(octet_length(body::text)) OVER (ORDER BY seq DESC) AS after
      FROM run_events WHERE run_id = $1::uuid
    ) SELECT min(seq) AS "from", max(seq) AS "to"
      FROM sized WHERE until > $2 AND after > $3 AND seq <= $4 AND kind = ANY($5::text[])`,
    [run.id, LOG_HEAD_BYTES, LOG_TAIL_BYTES, run.lastSeq, PRINTED],
  );
  return range?.from && range.to ? { from: range.from, to: range.to } : null;
}
