import type { Tx } from '@markco/db/client';
import type { RunRow } from './run-row.ts';

/**
 * The run's row, locked until the transaction ends; null when there is none, or with `skipLocked` when another process holds it.
 * Every writer of a run goes through here, so a read-modify-write of its columns never loses another's.
 */
export async function lockRun(tx: Tx, runId: string, options: { skipLocked?: boolean } = {}): Promise<RunRow | null> {
  const found = options.skipLocked
    ? await tx.$queryRaw<unknown[]>`SELECT 1 FROM runs WHERE id = ${runId}::uuid FOR UPDATE SKIP LOCKED`
    : await tx.$queryRaw<unknown[]>`SELECT 1 FROM runs WHERE id = ${runId}::uuid FOR UPDATE`;
  return found.length === 0 ? null : tx.run.findUnique({ where: { id: runId } });
}

/** Waits for the other holders of the same name; held until the transaction ends. */
export async function lockName(tx: Tx, name: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${name}, 0))`;
}
