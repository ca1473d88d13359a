import { LOG_MAX_BYTES } from '@markco/core/run/log-text';
import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEvent } from '@markco/core/run/run-event';
import { recoveredEnding } from '@markco/core/run/run-messages';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import { applyEffects, type Effect } from './apply-effects.ts';
import { gathered } from './gather.ts';
import { jsonbArray } from './jsonb-array.ts';
import { type KnownRun, lockUntouched, takeKnown } from './known-runs.ts';
import { limitLog } from './limit-log.ts';
import { lockFreeRuns, lockRun, waitBriefly } from './lock-run.ts';
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

/** A batch of events of one run as a device sent it. `stored`: as they are kept, by seq. */
interface Batch {
  readonly deviceId: string;
  readonly runId: string;
  readonly attempt: number;
  readonly stored: readonly StoredEvent[];
}

/** A larger batch has a transaction of its own: what is stored with others should cost little. In characters. */
const SMALL = 16 * 1024;

/**
 * RU16: stores a batch of events of one run: one INSERT that ignores what is there, then the effects of every event that became
 * contiguous, in order. The acknowledgement is sent and watchers are woken only after the commit. Events after the end are kept as
 * recovered output (RU11); those of another device or attempt are refused. Small batches of several runs that wait at the same time are
 * stored in one transaction.
 */
export async function recordRunEvents(
  resources: Resources,
  deviceId: string,
  runId: string,
  attempt: number,
  events: readonly RunEvent[],
): Promise<Recorded> {
  const batch = { deviceId, runId, attempt, stored: events.map(toStored).sort((a, b) => a.seq - b.seq) };
  const size = batch.stored.reduce((sum, { json }) => sum + json.length, 0);
  return size > SMALL ? recordAlone(resources, batch) : recordGathered(resources, batch);
}

const recordGathered = gathered<Batch, Recorded>({ together: recordTogether, alone: recordAlone, most: 50 });

async function recordAlone(resources: Resources, batch: Batch): Promise<Recorded> {
  const known = takeKnown(resources, batch.runId, 'running', batch.attempt);
  // Whatever was against it, the rows say.
  const recorded = known && (await recordFirst(resources, batch, known).catch(() => null));
  return recorded ?? recordStored(resources, batch);
}

/** The first batch of a run that this process granted, with one wait for Postgres: nothing was stored of it, and nothing else happened to it. */
async function recordFirst(resources: Resources, batch: Batch, known: KnownRun): Promise<Recorded | null> {
  const run = known.row;
  const first = append(run, batch.stored);
  if (nothingToStore(run, batch) || batch.stored[0]!.seq !== 1 || first.counted.logBytes > BigInt(LOG_MAX_BYTES)) return null;
  return resources.sql.tx(async (tx) => {
    lockUntouched(tx, known);
    // Asked behind the lock, so that it is what this batch meets.
    tx.write('SELECT 1 / (1 - count(*)) AS nothing FROM (SELECT 1 FROM run_events WHERE run_id = $1::uuid LIMIT 1) AS events', [run.id]);
    insertEvents(tx, [{ run, events: batch.stored, lastSeq: first.counted.lastSeq }]);
    return show(resources, tx, batch, run, { maxSeq: 0, hadOutput: false }, first);
  });
}

function recordStored(resources: Resources, batch: Batch): Promise<Recorded> {
  const { runId } = batch;
  return resources.sql.tx(async (tx) => {
    const [run, found] = await Promise.all([lockRun(tx, runId), storedBefore(tx, [runId])]);
    const nothing = nothingToStore(run, batch);
    if (!run || nothing) return nothing ?? UNKNOWN;
    const before = found.get(runId)!;
    const fresh = freshOf(run, batch);
    // Where events were there before, after a gap, this batch may close it, and only the rows know what follows.
    const stored = before.maxSeq < fresh[0]!.seq ? append(run, fresh) : null;
    if (stored) insertEvents(tx, [{ run, events: fresh, lastSeq: stored.counted.lastSeq }]);
    const { counted, shown } = stored ?? (await fillGap(tx, run, fresh));
    const kept = counted.logBytes > BigInt(LOG_MAX_BYTES) ? await limitLog(tx, (await lockRun(tx, runId))!) : counted;
    return show(resources, tx, batch, run, before, { counted: kept, shown });
  });
}

/** What only adds to runs that go on; everything else is left out, and recorded alone. */
function recordTogether(resources: Resources, batches: readonly Batch[]): Promise<Map<Batch, Recorded>> {
  const ids = [...new Set(batches.map(({ runId }) => runId))];
  return resources.sql.tx(async (tx) => {
    waitBriefly(tx);
    const [rows, before] = await Promise.all([lockFreeRuns(tx, ids), storedBefore(tx, ids)]);
    const adding = new Map<string, { batch: Batch; run: RunRow; fresh: StoredEvent[]; stored: Stored }>();
    for (const batch of batches) {
      const run = rows.get(batch.runId);
      if (!run || adding.has(run.id) || isTerminal(run.state as RunState) || nothingToStore(run, batch)) continue;
      const fresh = freshOf(run, batch);
      const stored = append(run, fresh);
      if (before.get(run.id)!.maxSeq < fresh[0]!.seq && stored.counted.logBytes <= BigInt(LOG_MAX_BYTES))
        adding.set(run.id, { batch, run, fresh, stored });
    }
    const recorded = new Map<Batch, Recorded>();
    if (adding.size === 0) return recorded;
    const all = [...adding.values()];
    insertEvents(
      tx,
      all.map(({ run, fresh, stored }) => ({ run, events: fresh, lastSeq: stored.counted.lastSeq })),
    );
    for (const { batch, run, stored } of all) recorded.set(batch, await show(resources, tx, batch, run, before.get(run.id)!, stored));
    return recorded;
  });
}

const UNKNOWN: Recorded = { ackedSeq: 0, ignored: 'unknown run' };

const freshOf = (run: RunRow, { stored }: Batch): StoredEvent[] => stored.filter((event) => event.seq > run.lastSeq);

/** The answer to a batch of which nothing is kept: it is refused, or all of it was known. */
function nothingToStore(run: RunRow | null, batch: Batch): Recorded | null {
  const ignored = refusal(run, batch.deviceId, batch.attempt);
  if (!run || ignored) return ignored ? { ackedSeq: 0, ignored } : UNKNOWN;
  return batch.stored.some((event) => event.seq > run.lastSeq) ? null : { ackedSeq: run.lastSeq };
}

/** What the stored events do to their run, and to who watches it. @param run as it was before them */
async function show(
  resources: Resources,
  tx: SqlTx,
  { deviceId }: Batch,
  run: RunRow,
  before: Before,
  { counted, shown }: Stored,
): Promise<Recorded> {
  const after = isTerminal(run.state as RunState)
    ? await recovered(resources, tx, deviceId, counted, shown.effects)
    : await applyEffects(resources, tx, counted, shown.effects);
  tx.afterCommit(() => {
    if (shown.output && !before.hadOutput) metricsOf(resources).firstOutput(resources.clock.now().getTime() - run.createdAt.getTime());
  });
  publishRunEvents(resources, tx, after, shown.events);
  return { ackedSeq: after.lastSeq };
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

/** What is stored of a run: the highest seq, and whether output is among it. */
interface Before {
  readonly maxSeq: number;
  readonly hadOutput: boolean;
}

/** By the run's id. Asked behind the lock, so that it is what these batches meet. */
async function storedBefore(tx: SqlTx, runIds: readonly string[]): Promise<Map<string, Before>> {
  const found = await tx.rows<Before & { runId: string }>(
    `SELECT r.id AS "runId", coalesce((SELECT max(seq) FROM run_events WHERE run_id = r.id), 0) AS "maxSeq",
       EXISTS (SELECT 1 FROM run_events WHERE run_id = r.id AND kind = ANY($2::text[])) AS "hadOutput"
     FROM unnest($1::uuid[]) AS r(id)`,
    [runIds, [...OUTPUT]],
  );
  return new Map(found.map(({ runId, ...before }) => [runId, before]));
}

interface Stored {
  /** The row, its size at least what it is now. */
  counted: RunRow;
  shown: Shown;
}

/** The batch goes behind everything stored: what follows from it is known without asking. */
function append(run: RunRow, events: readonly StoredEvent[]): Stored {
  const shown = contiguous(run.lastSeq, events.map(asRow));
  const size = events.reduce((sum, { json }) => sum + Buffer.byteLength(json) + SPACES, 0);
  const counted = { ...run, lastSeq: shown.lastSeq, logBytes: run.logBytes + BigInt(size) };
  return { counted, shown: { ...shown, events: events.filter(({ seq }) => seq <= shown.lastSeq).map(asEvent) } };
}

async function fillGap(tx: SqlTx, run: RunRow, events: readonly StoredEvent[]): Promise<Stored> {
  insertEvents(tx, [{ run, events, lastSeq: run.lastSeq }]);
  const shown = contiguous(run.lastSeq, await storedAfter(tx, run));
  updateRun(tx, run, { lastSeq: shown.lastSeq });
  return { counted: (await lockRun(tx, run.id))!, shown };
}

/** What jsonb's text has more than ours: a space behind each colon and comma, a few bytes an event. */
const SPACES = 8;

/** Events of a run, and the last of them that watchers may see. */
interface Insert {
  readonly run: RunRow;
  readonly events: readonly StoredEvent[];
  readonly lastSeq: number;
}

/** RU16: one INSERT that ignores what is there, and what it adds to the runs' rows. */
function insertEvents(tx: SqlTx, inserts: readonly Insert[]): void {
  const all = inserts.flatMap(({ run, events }) => events.map((event) => ({ ...event, runId: run.id })));
  tx.write(
    `WITH added AS (
      INSERT INTO run_events (run_id, seq, at, kind, body)
      SELECT e.run_id, e.seq::int, e.at::timestamptz, e.kind, e.body
      FROM ROWS FROM (unnest($1::uuid[], $2::text[], $3::text[], $4::text[]), jsonb_array_elements($5::jsonb)) AS e(run_id, seq, at, kind, body)
      ON CONFLICT (run_id, seq) DO NOTHING
      RETURNING run_id, octet_length(body::text) AS size
    ) UPDATE runs r SET last_seq = i.last_seq, updated_at = now(),
        log_bytes = log_bytes + (SELECT coalesce(sum(size), 0) FROM added WHERE added.run_id = r.id)
      FROM unnest($6::uuid[], $7::int[]) AS i(run_id, last_seq) WHERE r.id = i.run_id`,
    [
      all.map((event) => event.runId),
      all.map((event) => String(event.seq)),
      all.map((event) => event.at.toISOString()),
      all.map((event) => event.kind),
      jsonbArray(all.map((event) => event.json)),
      inserts.map(({ run }) => run.id),
      inserts.map(({ lastSeq }) => lastSeq),
    ],
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
const EFFECTS = new Set(['started', 'note', 'stdin_request', 'stdin_answered', 'error', 'ended']);

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
