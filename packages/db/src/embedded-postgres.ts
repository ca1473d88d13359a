import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { DB_NAME, initCluster, spawnIn } from './embedded/init-cluster.ts';
import { claim, stopOrphan, stopServer } from './embedded/owner.ts';
import { type Place, preparePlace } from './embedded/place.ts';
import { choosePort, readOrMakePassword } from './embedded/secrets.ts';

export { AlreadyRunning } from './embedded/owner.ts';

export interface EmbeddedPostgresOptions {
  /** Made if missing. Holds the cluster, its password (0600), port and log. */
  dataDir: string;
  port?: number;
  log?: (line: string) => void;
  /** False only for tests: no fsync. */
  durable?: boolean;
  maxConnections?: number;
}

export interface EmbeddedPostgres {
  /** Connection string of the superuser on the database `markco`; contains the password. */
  url: string;
  port: number;
  pid: number;
  /** Fast shutdown: open transactions are rolled back, everything committed is kept. */
  stop(): Promise<void>;
}

/**
 * Starts a real Postgres on `dataDir`, listening on 127.0.0.1 only. Works as root (Postgres then runs as another user),
 * recovers from a kill -9 of itself or of this process, and refuses with `AlreadyRunning` where another one has the folder.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {});
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(options.dataDir);
  const release = claim(dataDir);
  try {
    const place = preparePlace(dataDir, log);
    const password = readOrMakePassword(dataDir);
    const pgdata = await initCluster(place, password, log);
    await stopOrphan(pgdata, log);
    const urlAt = (port: number) => (database: string) => `postgres://${DB_NAME}:${password}@127.0.0.1:${port}/${database}`;
    const { child, port } = await launchOnFreePort(place, { pgdata, dataDir, options }, urlAt);
    const url = urlAt(port);
    const guard = watchOver(child.pid!, pgdata);
    return { url: url(DB_NAME), port, pid: child.pid!, stop: () => stop(child, guard, release) };
  } catch (error) {
    release();
    throw error;
  }
}

interface Launch {
  pgdata: string;
  dataDir: string;
  options: EmbeddedPostgresOptions;
}

/** Starts the server. Somebody else may take the port between the look and the start: then it is tried again on another one. */
async function launchOnFreePort(place: Place, how: Launch, urlAt: (port: number) => (database: string) => string) {
  for (let tries = 1; ; tries++) {
    const port = await choosePort(how.dataDir, how.options.port);
    const child = launch(place, port, how);
    try {
      await untilReady(child, urlAt(port)('postgres'), how.dataDir);
      return { child, port };
    } catch (error) {
      if (how.options.port || tries === 5 || !/could not bind/.test(tail(join(how.dataDir, 'postgres.log')))) throw error;
    }
  }
}

function launch(place: Place, port: number, { pgdata, dataDir, options }: Launch): ChildProcess {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '64MB',
    max_connections: String(options.maxConnections ?? 100),
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Statements and parameters hold people's code and text.
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
    log_error_verbosity: 'terse',
    ...(options.durable === false && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A file, not a pipe: the server may outlive us for a moment and must not stumble over a reader that is gone.
  const logFile = openSync(join(dataDir, 'postgres.log'), 'w', 0o600);
  try {
    const child = spawnIn(place, [place.binaries.postgres, '-D', pgdata, '-p', String(port), ...flags], ['ignore', logFile, logFile]);
    child.unref();
    return child;
  } finally {
    closeSync(logFile);
  }
}

async function untilReady(child: ChildProcess, url: string, dataDir: string): Promise<void> {
  let ended: string | null = null;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `exit ${code ?? signal}`));
  for (const end = Date.now() + 60_000; ; ) {
    if (ended !== null) throw new Error(`Postgres did not start (${ended}). Its log:\n${tail(join(dataDir, 'postgres.log'))}`);
    const problem = await ensureDatabase(url);
    if (!problem) return;
    if (Date.now() > end) {
      if (child.pid) await stopServer(child.pid);
      throw new Error(`Postgres did not answer within 60 s: ${problem.message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ensureDatabase(url: string): Promise<Error | null> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DB_NAME]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${DB_NAME}`);
    return null;
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') {
      throw new Error(
        'The database does not know its password any more: the file "password" in its folder was changed. Bring it back from a backup.',
      );
    }
    return error as Error;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Stops Postgres when this process dies without a word (kill -9): the pipe to a small shell closes then. */
function watchOver(pid: number, pgdata: string): ChildProcess | null {
  if (process.platform === 'win32') return null;
  const script = 'read -r word; [ "$word" = done ] && exit 0; read -r now < "$2/postmaster.pid"; [ "$now" = "$1" ] && kill -INT "$1"';
  const guard = spawn('/bin/sh', ['-c', script, 'markco-postgres-guard', String(pid), pgdata], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => {});
  guard.stdin?.on('error', () => {});
  (guard.stdin as unknown as { unref?(): void })?.unref?.();
  guard.unref();
  return guard;
}

async function stop(child: ChildProcess, guard: ChildProcess | null, release: () => void): Promise<void> {
  guard?.stdin?.end('done\n');
  if (child.exitCode === null && child.signalCode === null) {
    // Gone for others when it is a zombie already; gone for us when it was reaped. Until then it has to keep this process alive: one
    // with nothing else to do would end in the middle of its "await stop()" (exit code 13).
    child.ref();
    const reaped = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await stopServer(child.pid!);
    await reaped;
  }
  release();
}

function tail(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-3000);
  } catch {
    return '(no log)';
  }
}
