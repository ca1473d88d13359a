import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Db } from '@markco/db/client';
import { freePort } from '@markco/testing/free-port';
import { until } from '../../../lib/installation.ts';
import { RELAY_SECRET, RelayProcess } from '../../../lib/relay-process.ts';
import type { BenchDatabase, BenchPostgres } from '../../relay/servers/bench-database.ts';
import { PROBE_ARGS, Probe } from '../../relay/servers/probe.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const BUILD = join(ROOT, 'scripts/lib/ensure-built.mjs');

/** A web process under measurement and a relay, on an empty database. */
export interface Fleet {
  readonly db: Db;
  /** Of the web process. */
  readonly url: string;
  readonly probe: Probe;
  /** The key of device tokens. */
  readonly secret: Uint8Array;
  /** For the CPU they use. */
  readonly pids: Readonly<Record<'web' | 'Postgres', number>>;
  stop(): Promise<void>;
}

export type StartFleet = () => Promise<Fleet>;

/** Starts both and waits until they are ready. */
export async function startFleet(postgres: BenchPostgres): Promise<Fleet> {
  execFileSync(process.execPath, ['--input-type=module', '-e', `await (await import(${JSON.stringify(BUILD)})).ensureBuilt()`]);
  const database = await postgres.database();
  const relay = new RelayProcess({ databaseUrl: database.url, port: await freePort(), env: { NODE_ENV: 'production' } });
  const web = await startWeb(database, relay.port);
  const stop = async () => {
    await web.stop();
    await relay.end('SIGTERM');
    await database.drop();
  };
  try {
    await Promise.all([relay.ready(), until('web is ready', async () => (await fetch(`${web.url}/readyz`)).ok)]);
  } catch (error) {
    await stop();
    throw error;
  }
  const { url, probe, pid } = web;
  return { db: database.db, url, probe, secret: new TextEncoder().encode(RELAY_SECRET), pids: { web: pid, Postgres: postgres.pid }, stop };
}

async function startWeb(database: BenchDatabase, relayPort: number) {
  const port = await freePort();
  const dataDir = mkdtempSync(join(tmpdir(), 'markco-bench-web-'));
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [...PROBE_ARGS, '--import', 'tsx', join(ROOT, 'apps/web/server.ts')], {
    cwd: ROOT,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, NODE_ENV: 'production', NODE_NO_WARNINGS: '1' },
      // For a profiler: --import of a module that starts one.
      ...(process.env.NODE_OPTIONS && { NODE_OPTIONS: process.env.NODE_OPTIONS }),
      ...{ DATABASE_URL: database.url, MARKCO_SECRET: RELAY_SECRET, NEXTAUTH_SECRET: RELAY_SECRET, MARKCO_DATA_DIR: dataDir },
      ...{ PORT: String(port), HOST: '127.0.0.1', PUBLIC_URL: url, NEXTAUTH_URL: url, SYNC_RELAY_URL: `http://127.0.0.1:${relayPort}` },
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  return {
    url,
    pid: child.pid!,
    probe: new Probe(child),
    stop: async () => {
      const ended = child.exitCode === null ? once(child, 'exit') : null;
      child.kill('SIGTERM');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
