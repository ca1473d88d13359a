import { outputBody } from '@markco/core/run/output-body';
import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEventBody } from '@markco/core/run/run-event';
import type { SqlRunner } from '@markco/db/sql';
import type { RunRow } from './run-row.ts';

/** While a run goes on, a long log is shown by this many events at either end. */
const PREVIEW_EVENTS = 60;
/** A log is long from here on, in bytes. */
export const LONG_BYTES = 512 * 1024;
/** Of a long log that has ended this much is read at either end, in bytes: several times what a document shows. */
const END_BYTES = 128 * 1024;
/** Stands in a line of which nothing was read; Postgres keeps no NUL. */
const UNREAD = '\0';

type Log = Pick<RunRow, 'id' | 'state' | 'lastSeq' | 'logBytes' | 'docPath'>;

interface Stored {
  readonly seq: number;
  readonly body: RunEventBody;
}

/**
 * RU21: what a run has put out, as it goes into its document. Of a long log that has ended, the middle of what was printed is only counted, so
 * that ten megabytes cost a process no ten megabytes several times over.
 */
export async function readOutput(sql: SqlRunner, run: Log): Promise<string> {
  const isLong = run.logBytes >= BigInt(LONG_BYTES);
  if (isLong && !isTerminal(run.state as RunState)) return outputBody(await readPreview(sql, run), run.docPath);
  const counted = isLong ? await readEnds(sql, run) : null;
  const body = counted && outputBody(counted, run.docPath);
  // What was left unread would show, because something cleared or replaced most of the rest.
  if (body && !body.includes(UNREAD)) return body;
  return outputBody(
    (await sql.rows<Stored>(UP_TO, [run.id, run.lastSeq])).map((row) => row.body),
    run.docPath,
  );
}

const UP_TO = 'SELECT seq, body FROM run_events WHERE run_id = $1::uuid AND seq <= $2 ORDER BY seq';

async function readPreview(sql: SqlRunner, run: Log): Promise<RunEventBody[]> {
  const few = (order: string) => sql.rows<Stored>(`${UP_TO}${order} LIMIT $3`, [run.id, run.lastSeq, PREVIEW_EVENTS]);
  const [head, tail] = await Promise.all([few(''), few(' DESC')]);
  const from = head.at(-1)?.seq ?? 0;
  const bodies = (rows: readonly Stored[]) => rows.map((row) => row.body);
  const rest = tail.filter((row) => row.seq > from).reverse();
  return [...bodies(head), { kind: 'note', text: '… more above · open full log …', hiddenBytes: 0 }, ...bodies(rest)];
}

type Ends = { kind: 'stdout' | 'stderr'; lines: number; isWhole: boolean; redraws: boolean; body: RunEventBody | null };

/** Every event; of what was printed in the middle only how many lines end there. Null where that does not tell what a terminal shows. */
async function readEnds(sql: SqlRunner, run: Log): Promise<RunEventBody[] | null> {
  const rows = await sql.rows<Ends>(ENDS, [run.id, run.lastSeq, END_BYTES]);
  const lines = rows.reduce((sum, row) => sum + row.lines, 0);
  // A single line is cut inside, at a place that only its text tells.
  if (lines < 2 || rows.some((row) => row.redraws)) return null;
  return rows.map((row) => row.body ?? { kind: row.kind, text: `${UNREAD}\n`.repeat(row.lines) + (row.isWhole ? '' : UNREAD) });
}

const ENDS = `WITH sized AS (
    SELECT seq, kind, body, CASE WHEN kind IN ('stdout', 'stderr') THEN body->>'text' END AS text,
      sum(octet_length(body::text)) OVER (ORDER BY seq) AS until,
      sum(octet_length(body::text)) OVER (ORDER BY seq DESC) AS after
    FROM run_events WHERE run_id = $1::uuid AND seq <= $2
  ), marked AS (
    SELECT *, text IS NOT NULL AND until > $3 AND after > $3 AS unread FROM sized
  ) SELECT kind,
      CASE WHEN unread THEN length(text) - length(replace(text, E'\\n', '')) ELSE 0 END AS lines, text LIKE E'%\\n' AS "isWhole",
      coalesce(strpos(text, E'\\r') > 0 OR strpos(text, E'\\b') > 0 OR text ~ E'\\\\x1b\\\\[\\\\d*[A-HJK]', false) AS redraws,
      CASE WHEN NOT unread THEN body END AS body
    FROM marked ORDER BY seq`;
