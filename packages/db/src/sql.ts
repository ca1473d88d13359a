import { createHash } from 'node:crypto';
import pg from 'pg';
import { runHooks } from './after-commit.ts';
import type { DbOptions } from './client.ts';
import { poolConfig } from './connection-config.ts';
import { streamOf } from './stream-of.ts';

/** What a statement needs: rows of a query whose text is constant, so that it is planned once a connection. */
export interface SqlRunner {
  /** @param values for $1, $2 …; a Date, a bigint, text, a number, null, or an array of those; bytes go as they are, in Postgres' binary form */
  rows<T>(text: string, values?: readonly unknown[]): Promise<T[]>;
}

/** A transaction in plain SQL. `inTx` gives one too, so that a writer need not know which of the two it is part of. */
export interface SqlTx extends SqlRunner {
  /**
   * Runs after the commit, in order; never when the transaction rolls back. Its failure does not fail the use case.
   * @param when `first`: before the others, because somebody waits for it
   */
  afterCommit(hook: () => unknown, when?: 'first'): void;
  /**
   * Sends a write whose answer nobody waits for: what follows, and the commit, are sent right behind it. Where it fails, the transaction
   * fails with its error and nothing of it is committed.
   */
  write(text: string, values?: readonly unknown[]): void;
}

/**
 * Postgres in plain SQL over prepared statements, for the few paths a person waits on: a question here costs a third of what it costs
 * through the query builder. Everything else goes through `Db`.
 */
export interface Sql extends SqlRunner {
  /** Runs `fn` in one transaction, then its `afterCommit` hooks. Serialization failures and deadlocks are tried again, at most five times. */
  tx<T>(fn: (tx: SqlTx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const MAX_ATTEMPTS = 5;
/**
 * Postgres would plan a statement with an array for good only where it believes that cheaper than planning it for each list of values,
 * and it believes so of the short lists we send: the question about a route was planned with every tap, which took longer than answering it.
 */
const PLAN_ONCE = '-c plan_cache_mode=force_generic_plan';
const names = new Map<string, string>();

/**
 * Opens a bounded pool on Postgres; nothing is connected until the first query. Statements of one transaction that are sent without waiting
 * for each other (`Promise.all`, `write`) travel together and are answered in order: each sees what those before it did.
 */
export function createSql(options: DbOptions): Sql {
  const { options: settings, ...config } = poolConfig(options);
  const pool = new pg.Pool({ ...config, options: `${settings} ${PLAN_ONCE}`, types: { getTypeParser }, pipeline: true } as pg.PoolConfig);
  // A broken idle connection is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {});
  return {
    rows: <T>(text: string, values: readonly unknown[] = []) => query<T>(pool, text, values),
    async tx<T>(fn: (tx: SqlTx) => Promise<T>): Promise<T> {
      for (let attempt = 1; ; attempt++) {
        const hooks: (() => unknown)[] = [];
        try {
          const result = await transact(pool, fn, hooks);
          await runHooks(hooks);
          return result;
        } catch (error) {
          if (attempt >= MAX_ATTEMPTS || !isRetryable(error)) throw error;
        }
      }
    },
    close: () => pool.end(),
  };
}

async function transact<T>(pool: pg.Pool, fn: (tx: SqlTx) => Promise<T>, hooks: (() => unknown)[]): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // Between two statements nobody listens to the connection.
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  const sent = new Sent();
  const hold = holdWrites(client);
  const send = <Row>(text: string, values: readonly unknown[] = []) => {
    hold();
    return query<Row>(client, text, values);
  };
  try {
    hold();
    sent.add(client.query('BEGIN'));
    const result = await fn({
      rows: send,
      write: (text, values) => sent.add(send(text, values)),
      afterCommit: (hook, when) => void (when === 'first' ? hooks.unshift(hook) : hooks.push(hook)),
    });
    hold();
    const commit = client.query('COMMIT');
    sent.add(commit);
    await sent.all();
    // Postgres answers so where a statement failed that nobody asked about.
    if ((await commit).command === 'ROLLBACK') throw new Error('A statement of this transaction failed; nothing was committed.');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failed: Error) => {
      broken = failed;
    });
    // What follows a failure only hears that the transaction, or the connection, is over: the first one says why.
    await sent.all();
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/**
 * Makes what is sent in one turn of the event loop leave in one piece: each piece is a system call of ours and wakes Postgres once more,
 * which costs more than the statements do. Call it before each statement.
 */
function holdWrites(client: pg.PoolClient): () => void {
  const stream = streamOf(client);
  let isHeld = false;
  return () => {
    if (isHeld) return;
    isHeld = true;
    stream.cork();
    // After everything that promises of this turn send.
    process.nextTick(() => {
      isHeld = false;
      stream.uncork();
    });
  };
}

/** Statements under way that nobody waits for one by one. */
class Sent {
  readonly #answers: Promise<unknown>[] = [];

  add(answer: Promise<unknown>): void {
    answer.catch(() => undefined);
    this.#answers.push(answer);
  }

  /** Rejects with the first failure, in the order sent. */
  async all(): Promise<void> {
    for (const answer of this.#answers) await answer;
  }
}

async function query<T>(on: pg.Pool | pg.PoolClient, text: string, values: readonly unknown[]): Promise<T[]> {
  const sent = [...values];
  try {
    const result = await on.query({ name: nameOf(text), text, values: sent });
    return result.rows as T[];
  } finally {
    // The driver's statements hang together for longer than their answers take; what they carried should not.
    sent.length = 0;
  }
}

/** The same text has the same name in every process; Postgres keeps one plan of it a connection. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (!name) {
    name = createHash('sha1').update(text).digest('base64url');
    names.set(text, name);
  }
  return name;
}

const int8 = (text: string) => BigInt(text);
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  return oid === pg.types.builtins.INT8 ? int8 : pg.types.getTypeParser(oid, format as 'text');
}

function isRetryable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === '40001' || code === '40P01';
}
