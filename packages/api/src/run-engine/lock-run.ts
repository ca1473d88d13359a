import { Prisma, type Tx } from '@markco/db/client';
import type { RunRow } from './run-row.ts';

/** Every column under the name it has in {@link RunRow}: the lock and the read are one question. */
const COLUMNS = Prisma.raw(
  Object.values(Prisma.RunScalarFieldEnum)
    .map((field) => `"${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}" AS "${field}"`)
    .join(', '),
);

/**
 * The run's row, locked until the transaction ends; null when there is none, or with `skipLocked` when another process holds it.
 * Every writer of a run goes through here, so a read-modify-write of its columns never loses another's.
 */
export async function lockRun(tx: Tx, runId: string, options: { skipLocked?: boolean } = {}): Promise<RunRow | null> {
  const how = options.skipLocked ? Prisma.sql`FOR UPDATE SKIP LOCKED` : Prisma.sql`FOR UPDATE`;
  const [row] = await tx.$queryRaw<RunRow[]>`SELECT ${COLUMNS} FROM runs WHERE id = ${runId}::uuid ${how}`;
  return row ?? null;
}

/** Waits for the other holders of the same names, one after the other; held until the transaction ends. */
export async function lockName(tx: Tx, ...names: string[]): Promise<void> {
  const locks = names.map((name) => Prisma.sql`pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
  await tx.$executeRaw`SELECT ${Prisma.join(locks)}`;
}
