import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@markco/testing/free-port';
import { RELAY_SECRET } from '../../../lib/relay-process.ts';
import type { BenchDatabase } from './bench-database.ts';
import { type BenchDocument, hocuspocusDocument, ourDocuments, plainDocument } from './bench-document.ts';
import { PROBE_ARGS, Probe } from './probe.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export const SERVERS = ['MarkCo', 'y-websocket 2', 'Hocuspocus 3.4.4'] as const;
export type ServerName = (typeof SERVERS)[number];

/** One server under measurement, as a process of its own. */
export interface BenchServer {
  readonly name: ServerName;
  readonly port: number;
  readonly child: ChildProcess;
  readonly probe: Probe;
  readonly isAlive: boolean;
  /** Makes new documents. */
  documents(count: number): Promise<BenchDocument[]>;
  /** Ends the process (SIGTERM unless told) and starts a new one on the same data and port. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the process with a signal. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/** Starts a server on a free port. `databaseUrl`: how it reaches the database, where not directly. */
export async function startServer(name: ServerName, database: BenchDatabase, options: { databaseUrl?: string } = {}): Promise<BenchServer> {
  const port = await freePort();
  const files = await mkdtemp(join(tmpdir(), 'markco-bench-'));
  const start = () => launch(name, { port, url: options.databaseUrl ?? database.url, files });
  let child = await start();
  let probe = new Probe(child);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const kill = async (signal: NodeJS.Signals) => {
    if (hasEnded()) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    // Peers may take their time to end.
    const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
    await exit;
    clearTimeout(timer);
  };
  return {
    name,
    port,
    get child() {
      return child;
    },
    get probe() {
      return probe;
    },
    get isAlive() {
      return !hasEnded();
    },
    documents: (count) => documentsOf(name, { port, count, database }),
    restart: async (signal = 'SIGTERM') => {
      await kill(signal);
      child = await start();
      probe = new Probe(child);
    },
    kill,
    stop: async () => {
      await kill('SIGTERM');
      await rm(files, { recursive: true, force: true });
    },
  };
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

async function launch(name: ServerName, { port, url, files }: { port: number; url: string; files: string }): Promise<ChildProcess> {
  const tsx = ['--import', 'tsx'];
  const own = { MARKCO_SECRET: RELAY_SECRET, SYNC_RELAY_PORT: String(port), LOG_LEVEL: 'fatal' };
  const [args, env] = {
    MarkCo: [[...tsx, join(ROOT, 'packages/sync/src/main.ts')], own],
    'y-websocket 2': [[join(ROOT, 'node_modules/y-websocket-server-peer/bin/server.cjs')], { HOST: '127.0.0.1', YPERSISTENCE: files }],
    'Hocuspocus 3.4.4': [[...tsx, fileURLToPath(new URL('./hocuspocus-server.ts', import.meta.url))], {}],
  }[name] as [string[], Record<string, string>];
  const child = spawn(process.execPath, [...PROBE_ARGS, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, DATABASE_URL: url, PORT: String(port), NODE_ENV: 'production', NODE_NO_WARNINGS: '1', ...env },
    // The peers write about every odd frame; what ends a server is told by the row that sees it.
    stdio: ['ignore', 'ignore', name === 'MarkCo' ? 'inherit' : 'ignore', 'ipc'],
  });
  await listening(child, port);
  return child;
}

async function documentsOf(
  name: ServerName,
  { port, count, database }: { port: number; count: number; database: BenchDatabase },
): Promise<BenchDocument[]> {
  if (name === 'MarkCo') return ourDocuments(database.db, { owner: database.owner, port, count, secret: RELAY_SECRET });
  return Array.from({ length: count }, () => (name === 'y-websocket 2' ? plainDocument(port) : hocuspocusDocument(port)));
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 1_500; tries++) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode} before it listened.`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.end());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Nothing listens on port ${port}.`);
}
