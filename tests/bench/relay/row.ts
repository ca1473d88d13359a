import { performance } from 'node:perf_hooks';
import type { BenchDatabase, BenchPostgres } from './servers/bench-database.ts';
import { type BenchServer, type ServerName, startServer } from './servers/bench-server.ts';

/** A figure of a row: one line of the table. */
export interface Metric {
  readonly key: string;
  readonly what: string;
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
  readonly digits?: number;
}

/** What one server did in one round. */
export interface Reading {
  readonly figures: Readonly<Record<string, number>>;
  /** In place of a figure that does not exist, by the metric's key: why. */
  readonly instead?: Readonly<Record<string, string>>;
  /** Worth a line below the table. */
  readonly remark?: string;
  /** The share of its time the load generator's event loop was busy while it measured. */
  readonly generator?: number;
}

/** What a row is measured with. */
export interface Bench {
  readonly quick: boolean;
  readonly postgres: BenchPostgres;
  /** Runs at the end of the whole run, last first. */
  onEnd(cleanUp: () => Promise<void>): void;
}

/** One goal of the relay. `measure` takes one server's turn in one round. */
export interface Row {
  readonly number: number;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /** At most so many: 1 for counts over many events, which do not vary from round to round. */
  readonly rounds?: number;
  measure(bench: Bench, name: ServerName): Promise<Reading>;
}

/** Gives `use` a server that was just started on an empty database, and takes both away after it. */
export async function withServer<T>(
  bench: Bench,
  name: ServerName,
  use: (server: BenchServer, database: BenchDatabase) => Promise<T>,
): Promise<T> {
  const database = await bench.postgres.database();
  try {
    const server = await startServer(name, database);
    try {
      return await use(server, database);
    } finally {
      await server.stop();
    }
  } finally {
    await database.drop();
  }
}

/** Starts to watch this process; the answer is the share of the time since then it was busy. */
export function watchGenerator(): () => number {
  const start = performance.eventLoopUtilization();
  return () => performance.eventLoopUtilization(start).utilization;
}
