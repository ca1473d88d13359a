import { isTerminal, type RunState } from '@markco/core/run/run';
import type { RunEvent } from '@markco/core/run/run-event';
import { recoveredEnding } from '@markco/core/run/run-messages';
import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import { applyEffects, type Effect } from './apply-effects.ts';
import { limitLog } from './limit-log.ts';
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
    const run = await lockRun(tx, runId);
    const refused = refusal(run, deviceId, attempt);
    if (!run || refused) return { ackedSeq: 0, ignored: refused ?? 'unknown run' };
    const fresh = stored.filter((event) => event.seq > run.lastSeq);
    if (fresh.length === 0) return { ackedSeq: run.lastSeq };
    const { bytes, ahead } = await insertEvents(tx, runId, fresh);
    const { lastSeq, effects, firstOutput } = await contiguous(tx, run, ahead ? null : fresh);
    const counted = (await updateRun(tx, run, { lastSeq, logBytes: run.logBytes + BigInt(bytes) }))!;
    await limitLog(tx, counted);
    if (isTerminal(run.state as RunState)) await recovered(resources, tx, deviceId, counted, effects);
    else await applyEffects(resources, tx, counted, effects);
    tx.afterCommit(() => {
      if (firstOutput) metricsOf(resources).firstOutput(resources.clock.now().getTime() - run.createdAt.getTime());
    });
    publishRunEvents(resources, tx, run, lastSeq);
    return { ackedSeq: lastSeq };
  });
}

/** RU11, RU12: what comes after the end is kept; a question among it ends the code that asks. */
async function recovered(resources: Resources, tx: SqlTx, deviceId: string, run: RunRow, effects: readonly Effect[]): Promise<void> {
  await sayRecovered(tx, run, effects);
  if (effects.some(({ body }) => body.kind === 'stdin_request') && (await asksStill(tx, run.id)))
    tx.afterCommit(() => stopOutlived(resources, deviceId, run));
}

/** RU11: a run that was given up, and whose end came after all: what the person reads about it is no longer that nobody heard of it. */
async function sayRecovered(tx: SqlTx, run: RunRow, effects: readonly Effect[]): Promise<void> {
  const body = run.exitReason === 'device_lost' ? effects.findLast((effect) => effect.body.kind === 'ended')?.body : undefined;
  if (body?.kind === 'ended') await updateRun(tx, run, { message: recoveredEnding(run.ranOn ?? 'the computer', body.outcome) });
}

function refusal(run: RunRow | null, deviceId: string, attempt: number): string | null {
  if (!run) return 'unknown run';
  if (run.deviceId !== deviceId) return 'the run belongs to another device';
  if (run.attempt !== attempt) return `attempt ${attempt} is not the granted one`;
  return run.grantedAt ? null : 'the run was not granted';
}

/** `ahead`: events after a gap were there before, so that this batch may close it. */
async function insertEvents(tx: SqlTx, runId: string, events: readonly StoredEvent[]): Promise<{ bytes: number; ahead: boolean }> {
  const seqs = events.map((e) => String(e.seq));
  const ats = events.map((e) => e.at.toISOString());
  const kinds = events.map((e) => e.kind);
  const bodies = events.map((e) => e.json);
  // The outer SELECT sees the table as it was before the INSERT.
  const rows = await tx.rows<{ bytes: number; ahead: boolean }>(
    `WITH added AS (
      INSERT INTO run_events (run_id, seq, at, kind, body)
      SELECT $1::uuid, e.seq::int, e.at::timestamptz, e.kind, e.body::jsonb
      FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS e(seq, at, kind, body)
      ON CONFLICT (run_id, seq) DO NOTHING
      RETURNING octet_length(body::text) AS size
    ) SELECT coalesce(sum(size), 0)::int AS bytes,
        EXISTS (SELECT 1 FROM run_events WHERE run_id = $1::uuid AND seq >= $6) AS ahead FROM added`,
    [runId, seqs, ats, kinds, bodies, events[0]!.seq],
  );
  return rows[0] ?? { bytes: 0, ahead: true };
}

interface Row {
  seq: number;
  at: Date;
  kind: string;
  body: unknown;
}

/** The kinds that change the run itself. */
const EFFECTS = new Set(['started', 'stdin_request', 'stdin_answered', 'error', 'ended']);

/** Walks from the row's last seq over what is stored now, up to the first gap. `added`: all that is stored after it, if that is known. */
async function contiguous(
  tx: SqlTx,
  run: RunRow,
  added: readonly StoredEvent[] | null,
): Promise<{ lastSeq: number; effects: Effect[]; firstOutput: boolean }> {
  const rows: Row[] = added ? added.map(asRow) : await storedAfter(tx, run);
  let lastSeq = run.lastSeq;
  const effects: Effect[] = [];
  let output = false;
  for (const row of rows) {
    if (row.seq !== lastSeq + 1) break;
    lastSeq = row.seq;
    output ||= OUTPUT.has(row.kind);
    if (row.body) effects.push({ at: row.at, body: row.body as Effect['body'] });
  }
  return { lastSeq, effects, firstOutput: output && !(await hadOutput(tx, run)) };
}

const asRow = ({ seq, at, kind, json }: StoredEvent): Row => ({ seq, at, kind, body: EFFECTS.has(kind) ? JSON.parse(json) : null });

const storedAfter = (tx: SqlTx, run: RunRow): Promise<Row[]> =>
  tx.rows<Row>(
    `SELECT seq, at, kind, CASE WHEN kind = ANY($3::text[]) THEN body END AS body
     FROM run_events WHERE run_id = $1::uuid AND seq > $2 ORDER BY seq`,
    [run.id, run.lastSeq, [...EFFECTS]],
  );

async function hadOutput(tx: SqlTx, run: RunRow): Promise<boolean> {
  if (run.lastSeq === 0) return false;
  const earlier = await tx.rows('SELECT seq FROM run_events WHERE run_id = $1::uuid AND seq <= $2 AND kind = ANY($3::text[]) LIMIT 1', [
    ...[run.id, run.lastSeq, [...OUTPUT]],
  ]);
  return earlier.length > 0;
}
