import type { SqlRunner, SqlTx } from '@markco/db/sql';
import { RUN_COLUMNS } from './run-columns.ts';
import type { RunRow } from './run-row.ts';

/**
 * The run's row, locked until the transaction ends; null when there is none, or with `skipLocked` when another process holds it.
 * Every writer of a run goes through here, so a read-modify-write of its columns never loses another's.
 */
export async function lockRun(tx: SqlRunner, runId: string, options: { skipLocked?: boolean } = {}): Promise<RunRow | null> {
  const how = options.skipLocked ? 'FOR UPDATE SKIP LOCKED' : 'FOR UPDATE';
  const [row] = await tx.rows<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = $1::uuid ${how}`, [runId]);
  return row ?? null;
}

/** Those of these rows that nobody else holds, by id, locked until the transaction ends: waits for no one. */
export async function lockFreeRuns(tx: SqlRunner, runIds: readonly string[]): Promise<Map<string, RunRow>> {
  const rows = await tx.rows<RunRow>(`SELECT ${RUN_COLUMNS} FROM runs WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED`, [
    runIds,
  ]);
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * From here on this transaction fails where a lock is not to be had within half a second: many that are done together do not wait for the
 * lock of one, which a process that froze may have.
 */
export function waitBriefly(tx: Pick<SqlTx, 'write'>): void {
  tx.write(`SET LOCAL lock_timeout = '500ms'`);
}

/** Waits for the other holders of the same names, one after the other; held until the transaction ends. */
export async function lockName(tx: SqlRunner, ...names: string[]): Promise<void> {
  const locks = names.map((_, i) => `pg_advisory_xact_lock(hashtextextended($${i + 1}::text, 0))`);
  await tx.rows(`SELECT 1 AS held FROM (SELECT ${locks.join(', ')}) AS locks`, names);
}

/** The same for any number of names, in this order. */
export async function lockNames(tx: SqlRunner, names: readonly string[]): Promise<void> {
  await tx.rows(
    `SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0))) AS held
     FROM (SELECT name FROM unnest($1::text[]) WITH ORDINALITY AS n(name, nth) ORDER BY nth) AS names`,
    [names],
  );
}
