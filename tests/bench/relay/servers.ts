import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Db } from '@markco/db/client';
import { ticketToken } from '@markco/sync/sidecar/test-world';
import { writeStep1 } from '@markco/sync/wire/write-frame';
import * as encoding from 'lib0/encoding';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SECRET = 'the secret of a benchmark, long enough';

/** One server under measurement, as a process of its own. */
export interface BenchServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Makes a document; returns its address and what to send first. `wrap` puts a y-websocket frame into the server's own wire. */
  document(): Promise<BenchDocument>;
  /** Ends the process and starts a new one on the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface BenchDocument {
  readonly url: string;
  readonly hello: readonly Uint8Array[];
  wrap(frame: Uint8Array): Uint8Array;
  /** Offset of the y-websocket frame in what the server sends. */
  readonly head: number;
}

export const PEERS = ['MarkCo', 'y-websocket 2', 'Hocuspocus 3.4.4'] as const;
export type PeerName = (typeof PEERS)[number];

/** Starts one of {@link PEERS}. `owner`: who our documents belong to. */
export async function startServer(
  name: PeerName,
  database: { url: string; db: Db },
  owner: { userId: string; projectId: string },
): Promise<BenchServer> {
  const port = await freePort();
  const data = await mkdtemp(join(tmpdir(), 'markco-bench-'));
  const start = () => launch(name, port, database.url, data);
  let child = await start();
  const end = async () => {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exit;
    clearTimeout(timer);
  };
  return {
    name,
    port,
    get pid() {
      return child.pid!;
    },
    document: () => (name === 'MarkCo' ? ourDocument(database.db, port, owner) : Promise.resolve(peerDocument(name, port))),
    restart: async () => {
      await end();
      child = await start();
    },
    stop: end,
  };
}

/** Resident memory of a process, bytes. */
export function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

async function launch(name: PeerName, port: number, url: string, data: string): Promise<ChildProcess> {
  const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
  const tsx = ['--import', 'tsx'];
  const [args, env] = {
    MarkCo: [
      [...tsx, join(ROOT, 'packages/sync/src/main.ts')],
      { MARKCO_SECRET: SECRET, SYNC_RELAY_PORT: String(port), LOG_LEVEL: 'fatal' },
    ],
    'y-websocket 2': [[join(ROOT, 'node_modules/y-websocket-server-peer/bin/server.cjs')], { HOST: '127.0.0.1', YPERSISTENCE: data }],
    'Hocuspocus 3.4.4': [[...tsx, here('./hocuspocus-server.ts')], {}],
  }[name] as [string[], Record<string, string>];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env.PATH, DATABASE_URL: url, PORT: String(port), NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await listening(port);
  return child;
}

async function ourDocument(db: Db, port: number, owner: { userId: string; projectId: string }): Promise<BenchDocument> {
  const path = `${randomUUID()}.md`;
  const epoch = randomUUID();
  const row = await db.document.create({ data: { ...owner, project: 'bench', docPath: path, contentHash: '', epoch } });
  const ref = { documentId: row.id, ...owner, project: 'bench', path, epoch };
  const token = await ticketToken(SECRET, ref, { expiresInS: 3_600 });
  return {
    url: `ws://127.0.0.1:${port}/sync/${owner.userId}/bench/${path}?token=${token}`,
    hello: [writeStep1(Uint8Array.of(0))],
    wrap: (frame) => frame,
    head: 0,
  };
}

function peerDocument(name: PeerName, port: number): BenchDocument {
  const id = randomUUID();
  const plain = { url: `ws://127.0.0.1:${port}/${id}`, hello: [writeStep1(Uint8Array.of(0))], wrap: (frame: Uint8Array) => frame, head: 0 };
  if (name !== 'Hocuspocus 3.4.4') return plain;
  // Its wire: the document's name before each frame, and an authentication message first.
  const prefix = encoding.encode((encoder) => encoding.writeVarString(encoder, id));
  const wrap = (frame: Uint8Array) => Uint8Array.from([...prefix, ...frame]);
  const auth = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 2);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarString(encoder, '');
  });
  return { url: plain.url, hello: [wrap(auth), ...plain.hello.map(wrap)], wrap, head: prefix.length };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.end());
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Nothing listens on port ${port}.`);
}
