import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEvent } from '@markco/core/run/run-event';
import { recoveredEnding } from '@markco/core/run/run-messages';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import { applyEffects, type Effect } from './apply-effects.ts';
import { LOG_MAX_BYTES, limitLog } from './limit-log.ts';
import { lockRun } from './lock-run.ts';
import { publishRunEvents } from './publish-run.ts';
import { updateRun } from './run-columns.ts';
import { metricsOf } from './run-metrics.ts';
import type { RunRow } from './run-row.ts';
import { asksStill, stopOutlived } from './stop-outlived.ts';
import { type StoredEvent, toStored } from './stored-event.ts';

/** `ackedSeq`: the highest event up to which all are in Postgres. `ignored`: why nothing was kept. */
export interface Recorded {
  ackedSeq: number;
  ignored?: string;
}

const OUTPUT = new Set(['stdout', 'stderr', 'display', 'asset', 'result', 'error']);

/**
 * RU16: stores a batch of events of one run: one INSERT that ignores what is there, then the effects of every event that became
 * contiguous, in order. The acknowledgement is sent and watchers are woken only after the commit. Events after the end are kept as
 * recovered output (RU11); those of another device or attempt are refused.
 */
export async function recordRunEvents(
  resources: Resources,
  deviceId: string,
  runId: string,
  attempt: number,
  events: readonly RunEvent[],
): Promise<Recorded> {
  const stored = events.map(toStored).sort((a, b) => a.seq - b.seq);
  return resources.sql.tx(async (tx) => {
    const [run, before] = await Promise.all([lockRun(tx, runId), storedBefore(tx, runId)]);
    const refused = refusal(run, deviceId, attempt);
    if (!run || refused) return { ackedSeq: 0, ignored: refused ?? 'unknown run' };
    const fresh = stored.filter((event) => event.seq > run.lastSeq);
    if (fresh.length === 0) return { ackedSeq: run.lastSeq };
    // Where events were there before, after a gap, this batch may close it, and only the rows know what follows.
    const { counted, shown } = before.maxSeq < fresh[0]!.seq ? append(tx, run, fresh) : await fillGap(tx, run, fresh);
    const kept = counted.logBytes > BigInt(LOG_MAX_BYTES) ? await limitLog(tx, (await lockRun(tx, runId))!) : counted;
    const ended = isTerminal(run.state as RunState);
    const after = ended
      ? await recovered(resources, tx, deviceId, kept, shown.effects)
      : await applyEffects(resources, tx, kept, shown.effects);
    tx.afterCommit(() => {
      if (shown.output && !before.hadOutput) metricsOf(resources).firstOutput(resources.clock.now().getTime() - run.createdAt.getTime());
    });
    publishRunEvents(resources, tx, after, shown.events);
    return { ackedSeq: after.lastSeq };
  });
}

/** RU11, RU12: what comes after the end is kept; a question among it ends the code that asks. */
async function recovered(resources: Resources, tx: SqlTx, deviceId: string, run: RunRow, effects: readonly Effect[]): Promise<RunRow> {
  if (effects.some(({ body }) => body.kind === 'stdin_request') && (await asksStill(tx, run.id)))
    tx.afterCommit(() => stopOutlived(resources, deviceId, run));
  return sayRecovered(tx, run, effects);
}

/** RU11: a run that was given up, and whose end came after all: what the person reads about it is no longer that nobody heard of it. */
function sayRecovered(tx: SqlTx, run: RunRow, effects: readonly Effect[]): RunRow {
  const body = run.exitReason === 'device_lost' ? effects.findLast((effect) => effect.body.kind === 'ended')?.body : undefined;
  if (body?.kind !== 'ended') return run;
  return updateRun(tx, run, { message: recoveredEnding(run.ranOn ?? 'the computer', body.outcome) });
}

function refusal(run: RunRow | null, deviceId: string, attempt: number): string | null {
  if (!run) return 'unknown run';
  if (run.deviceId !== deviceId) return 'the run belongs to another device';
  if (run.attempt !== attempt) return `attempt ${attempt} is not the granted one`;
  return run.grantedAt ? null : 'the run was not granted';
}

/** What is stored of a run: the highest seq, and whether output is among it. Asked behind the lock, so that it is what this batch meets. */
async function storedBefore(tx: SqlTx, runId: string): Promise<{ maxSeq: number; hadOutput: boolean }> {
  const [found] = await tx.rows<{ maxSeq: number; hadOutput: boolean }>(
    `SELECT coalesce((SELECT max(seq) FROM run_events WHERE run_id = $1::uuid), 0) AS "maxSeq",
       EXISTS (SELECT 1 FROM run_events WHERE run_id = $1::uuid AND kind = ANY($2::text[])) AS "hadOutput"`,
    [runId, [...OUTPUT]],
  );
  return found!;
}

interface Stored {
  /** The row, its size at least what it is now. */
  counted: RunRow;
  shown: Shown;
}

/** The batch goes behind everything stored: what follows from it is known without asking. */
function append(tx: SqlTx, run: RunRow, events: readonly StoredEvent[]): Stored {
  const shown = contiguous(run.lastSeq, events.map(asRow));
  insertEvents(tx, run, events, shown.lastSeq);
  const size = events.reduce((sum, { json }) => sum + Buffer.byteLength(json) + SPACES, 0);
  const counted = { ...run, lastSeq: shown.lastSeq, logBytes: run.logBytes + BigInt(size) };
  return { counted, shown: { ...shown, events: events.filter(({ seq }) => seq <= shown.lastSeq).map(asEvent) } };
}

async function fillGap(tx: SqlTx, run: RunRow, events: readonly StoredEvent[]): Promise<Stored> {
  insertEvents(tx, run, events, run.lastSeq);
  const shown = contiguous(run.lastSeq, await storedAfter(tx, run));
  updateRun(tx, run, { lastSeq: shown.lastSeq });
  return { counted: (await lockRun(tx, run.id))!, shown };
}

/** What jsonb's text has more than ours: a space behind each colon and comma, a few bytes an event. */
const SPACES = 8;

/** RU16: one INSERT that ignores what is there, and what it adds to the run's row. */
function insertEvents(tx: SqlTx, run: RunRow, events: readonly StoredEvent[], lastSeq: number): void {
  const seqs = events.map((e) => String(e.seq));
  const ats = events.map((e) => e.at.toISOString());
  const kinds = events.map((e) => e.kind);
  const bodies = events.map((e) => e.json);
  tx.write(
    `WITH added AS (
      INSERT INTO run_events (run_id, seq, at, kind, body)
      SELECT $1::uuid, e.seq::int, e.at::timestamptz, e.kind, e.body::jsonb
      FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS e(seq, at, kind, body)
      ON CONFLICT (run_id, seq) DO NOTHING
      RETURNING octet_length(body::text) AS size
    ) UPDATE runs SET last_seq = $6, log_bytes = log_bytes + (SELECT coalesce(sum(size), 0) FROM added), updated_at = now()
      WHERE id = $1::uuid`,
    [run.id, seqs, ats, kinds, bodies, lastSeq],
  );
}

interface Row {
  seq: number;
  at: Date;
  kind: string;
  body: unknown;
}

/** What watchers may see now that they could not before. */
interface Shown {
  lastSeq: number;
  effects: Effect[];
  /** Output is among it. */
  output: boolean;
  /** Null: only the rows know. */
  events: readonly RunEvent[] | null;
}

/** The kinds that change the run itself. */
const EFFECTS = new Set(['started', 'stdin_request', 'stdin_answered', 'error', 'ended']);

/** Walks from the row's last seq over what is stored after it, up to the first gap. */
function contiguous(from: number, rows: readonly Row[]): Shown {
  let lastSeq = from;
  const effects: Effect[] = [];
  let output = false;
  for (const row of rows) {
    if (row.seq !== lastSeq + 1) break;
    lastSeq = row.seq;
    output ||= OUTPUT.has(row.kind);
    if (row.body) effects.push({ at: row.at, body: row.body as Effect['body'] });
  }
  return { lastSeq, effects, output, events: null };
}

const asRow = ({ seq, at, kind, body }: StoredEvent): Row => ({ seq, at, kind, body: EFFECTS.has(kind) ? body : null });
const asEvent = ({ seq, at, body }: StoredEvent): RunEvent => ({ seq, at: at.getTime(), body });

const storedAfter = (tx: SqlTx, run: RunRow): Promise<Row[]> =>
  tx.rows<Row>(
    `SELECT seq, at, kind, CASE WHEN kind = ANY($3::text[]) THEN body END AS body
     FROM run_events WHERE run_id = $1::uuid AND seq > $2 ORDER BY seq`,
    [run.id, run.lastSeq, [...EFFECTS]],
  );
