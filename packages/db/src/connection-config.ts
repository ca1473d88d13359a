import type { ClientConfig, PoolConfig } from 'pg';
import type { DbOptions } from './client.ts';

// The server ends a statement in time; who hears nothing so long after that has no connection any more.
const ANSWER_LATE_MS = 2_000;

/** How every connection of ours to Postgres is made. It works in UTC, which the driver adapter relies on. */
export function connectionConfig({ connectionString, applicationName = 'markco', statementTimeoutMs = 15_000 }: DbOptions) {
  return {
    connectionString,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: applicationName,
    options: `-c timezone=UTC -c statement_timeout=${statementTimeoutMs}`,
    // A connection that fell silent must not be waited for: it would be lost to its pool.
    query_timeout: statementTimeoutMs + ANSWER_LATE_MS,
  } satisfies ClientConfig;
}

/** A bounded pool of them. */
export function poolConfig(options: DbOptions) {
  return { ...connectionConfig(options), max: options.max ?? 10, idleTimeoutMillis: 30_000 } satisfies PoolConfig;
}
