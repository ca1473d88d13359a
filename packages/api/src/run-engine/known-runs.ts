import type { SqlTx } from '@markco/db/sql';
import type { Resources } from '../resources.ts';
import type { RunRow } from './run-row.ts';

/** A run as this process last wrote it, and the name of the device it was offered to. */
export interface KnownRun {
  readonly row: RunRow;
  readonly deviceName: string;
}

/** What is not asked for soon is read from its row. */
const MAX_KNOWN = 500;
/** Runs with more code are not kept. */
const MAX_CODE = 64 * 1024;

const known = new WeakMap<Resources, Map<string, KnownRun>>();

/**
 * Keeps a run that this transaction offers or grants, for the device's next word of it, which mostly comes to the process that sent the
 * offer: with {@link lockUntouched}, what to write is known before the row is locked.
 */
export function knowRun(resources: Resources, tx: SqlTx, run: KnownRun): void {
  if (run.row.code.length > MAX_CODE) return;
  tx.afterCommit(() => {
    const runs = known.get(resources) ?? new Map<string, KnownRun>();
    known.set(resources, runs);
    runs.delete(run.row.id);
    runs.set(run.row.id, run);
    for (const oldest of runs.keys()) {
      if (runs.size <= MAX_KNOWN) break;
      runs.delete(oldest);
    }
  }, 'first');
}

/** The run, if it is known in this state and attempt; from then on it is not. */
export function takeKnown(resources: Resources, runId: string, state: RunRow['state'], attempt: number): KnownRun | null {
  const run = known.get(resources)?.get(runId);
  if (run?.row.state !== state || run.row.attempt !== attempt) return null;
  known.get(resources)?.delete(runId);
  return run;
}

/**
 * Locks the row of a known run where nothing but what is known happened to it, without waiting for the answer. Elsewhere the division by
 * zero fails the transaction, and the caller goes by the row.
 */
export function lockUntouched(tx: SqlTx, { row }: KnownRun): void {
  tx.write(
    `SELECT 1 / count(*) AS untouched FROM (
       SELECT 1 FROM runs WHERE id = $1::uuid AND state = $2 AND attempt = $3 AND last_seq = 0 AND started_at IS NULL AND awaiting_input IS NULL
         AND cancel_requested_at IS NULL AND force_requested_at IS NULL AND contact_lost_since IS NULL AND held_since IS NULL
       FOR UPDATE) AS run`,
    [row.id, row.state, row.attempt],
  );
}
