import { runHooks } from './after-commit.ts';
import type { Db, Tx } from './client.ts';
import { Prisma } from './client.ts';

const MAX_ATTEMPTS = 5;

export interface TxOptions {
  isolation?: 'ReadCommitted' | 'RepeatableRead' | 'Serializable';
  /** Longest the whole transaction may take, in ms; default 15,000. */
  timeoutMs?: number;
}

/**
 * Runs `fn` in one transaction, then its `afterCommit` hooks. Only serialization failures and deadlocks are tried again
 * (at most five times), so `fn` must not have effects outside the database.
 */
export async function inTx<T>(db: Db, fn: (tx: Tx) => Promise<T>, options: TxOptions = {}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const hooks: (() => unknown)[] = [];
    try {
      const result = await db.$transaction((client) => fn(withHooks(client, hooks)), {
        maxWait: 10_000,
        timeout: options.timeoutMs ?? 15_000,
        ...(options.isolation && { isolationLevel: options.isolation }),
      });
      await runHooks(hooks);
      return result;
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isSerializationFailure(error)) throw error;
    }
  }
}

function withHooks(client: Prisma.TransactionClient, hooks: (() => unknown)[]): Tx {
  const afterCommit = (hook: () => unknown) => void hooks.push(hook);
  const rows = (text: string, values: readonly unknown[] = []) => client.$queryRawUnsafe(text, ...values);
  const added: Record<PropertyKey, unknown> = { afterCommit, rows };
  return new Proxy(client, { get: (target, key) => added[key] ?? Reflect.get(target, key) }) as Tx;
}

/** True for SQLSTATE 40001 and 40P01, through the query builder or a raw query: the transaction may simply be tried again. */
export function isSerializationFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ((error as { code?: string }).code === 'P2034') return true;
  const state = sqlState(error);
  return (
    state === '40001' || state === '40P01' || (error.name === 'DriverAdapterError' && error.message.includes('TransactionWriteConflict'))
  );
}

/** True when a unique key was violated, through the query builder or a raw query. */
export function isUniqueViolation(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return true;
  return sqlState(error) === '23505';
}

function sqlState(error: unknown): string | undefined {
  const meta = (error as { meta?: { code?: string; driverAdapterError?: { cause?: { originalCode?: string } } } } | null)?.meta;
  return meta?.driverAdapterError?.cause?.originalCode ?? meta?.code;
}
