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
      const result = await db.$transaction((client) => whole(client, hooks, fn), {
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

/** `fn`, and what it wrote without waiting. */
async function whole<T>(client: Prisma.TransactionClient, hooks: (() => unknown)[], fn: (tx: Tx) => Promise<T>): Promise<T> {
  const afterCommit = (hook: () => unknown, when?: 'first') => void (when === 'first' ? hooks.unshift(hook) : hooks.push(hook));
  // The query builder sends one statement after the other, and not before it is waited for.
  let writes: Promise<unknown> = Promise.resolve();
  const send = (text: string, values: readonly unknown[]) => {
    const answer = writes.then(() => client.$queryRawUnsafe(text, ...values));
    writes = answer;
    writes.catch(() => undefined);
    return answer;
  };
  const rows = (text: string, values: readonly unknown[] = []) => send(text, values);
  const write = (text: string, values: readonly unknown[] = []) => void send(text, values);
  const added: Record<PropertyKey, unknown> = { afterCommit, rows, write };
  const result = await fn(new Proxy(client, { get: (target, key) => added[key] ?? Reflect.get(target, key) }) as Tx);
  await writes;
  return result;
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
