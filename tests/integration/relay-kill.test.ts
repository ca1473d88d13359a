import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { connectDocument } from '@markco/sync/client/connect-document';
import { silentLog } from '@markco/sync/log';
import { buildDocument } from '@markco/sync/relay/document-state';
import { makeDocument, ticketToken } from '@markco/sync/sidecar/test-world';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { converged, until } from '@markco/testing/relay-harness';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

const SECRET = 'a secret that is long enough for tests';
const MAIN = fileURLToPath(new URL('../../packages/sync/src/main.ts', import.meta.url));
const ROUNDS = Number(process.env.MARKCO_KILL_ROUNDS ?? 3);

let database: TestDatabase;
let port: number;
const running = new Set<ChildProcess>();
const open: (() => void)[] = [];

beforeEach(async () => {
  database = await testDatabase();
  port = await freePort();
});
afterEach(async () => {
  for (const close of open.splice(0)) close();
  for (const child of running) child.kill('SIGKILL');
  await database.drop();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}

async function startRelayProcess(env: Record<string, string> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      MARKCO_SECRET: SECRET,
      SYNC_RELAY_PORT: String(port),
      LOG_LEVEL: 'fatal',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  running.add(child);
  let ready = false;
  child.once('exit', () => running.delete(child));
  await until(
    () => child.exitCode !== null || ready,
    30_000,
    'the relay to start',
    async () => {
      ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
        (response) => response.ok,
        () => false,
      );
    },
  );
  return child;
}
/** The exit code of a process that gets a signal. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exit)[0];
}

type Ref = Awaited<ReturnType<typeof makeDocument>>;

function typist(ref: Ref) {
  const doc = new Y.Doc();
  const connection = connectDocument(
    {
      doc,
      epoch: null,
      getTicket: async () => ({
        url: `ws://127.0.0.1:${port}/sync/${ref.userId}/${ref.project}/${ref.path}`,
        token: await ticketToken(SECRET, ref),
        documentId: ref.documentId,
        epoch: ref.epoch,
        expiresAt: new Date(Date.now() + 300_000),
      }),
      onHistoryDiffers: () => {
        throw new Error('the history never changes here');
      },
      WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    },
    { retryMinMs: 20, retryMaxMs: 100 },
  );
  open.push(() => connection.close());
  const text = doc.getText('content');
  /** Own edits that were acknowledged: a word each. */
  const saved = new Set<string>();
  let made = 0;
  const type = () => {
    const word = `<${doc.clientID}-${made++}>`;
    text.insert(Math.floor(Math.random() * 2) * text.length, word);
    connection.flushed().then(
      () => saved.add(word),
      () => {},
    );
  };
  return { doc, connection, text, saved, type };
}

/** What Postgres holds, as a fresh process would load it. */
async function stored(ref: Ref): Promise<Y.Doc> {
  const store = new PrismaStore(database.db, silentLog);
  const doc = buildDocument((await store.load(ref.documentId))!);
  await store.close();
  return doc;
}

describe('a relay process that is killed', () => {
  it(`SY4, SY5: kill -9 under typing, ${ROUNDS} times: nothing relayed or acknowledged is lost, and everyone converges`, async () => {
    const ref = await makeDocument(database.db);
    let child = await startRelayProcess();
    const typists = Array.from({ length: 6 }, () => typist(ref));
    const watcher = typist(ref);
    const timer = setInterval(() => {
      for (const { type } of typists) type();
    }, 8);
    open.push(() => clearInterval(timer));
    for (let round = 0; round < ROUNDS; round++) {
      const before = typists.reduce((sum, { saved }) => sum + saved.size, 0);
      await until(
        () => typists.reduce((sum, { saved }) => sum + saved.size, 0) > before + 60 + Math.random() * 120,
        30_000,
        'typing to be saved',
      );
      await end(child, 'SIGKILL');
      const acknowledged = typists.flatMap(({ saved }) => [...saved]);
      const seen = Y.decodeStateVector(Y.encodeStateVector(watcher.doc));
      const disk = await stored(ref);
      const text = disk.getText('content').toString();
      expect(acknowledged.filter((word) => !text.includes(word))).toEqual([]);
      const state = Y.decodeStateVector(Y.encodeStateVector(disk));
      expect([...seen].filter(([client, clock]) => (state.get(client) ?? 0) < clock)).toEqual([]);
      child = await startRelayProcess();
    }
    clearInterval(timer);
    await Promise.all(typists.map(({ connection }) => connection.flushed()));
    const text = await converged(
      [...typists, watcher].map(({ doc }) => doc),
      30_000,
    );
    expect((await stored(ref)).getText('content').toString()).toBe(text);
    expect(await end(child, 'SIGTERM')).toBe(0);
  });

  it('SY6, OP4: SIGTERM saves what is queued and exits 0; clients come back to the next process', async () => {
    const ref = await makeDocument(database.db);
    const child = await startRelayProcess();
    const a = typist(ref);
    await until(() => a.connection.status.synced);
    for (let i = 0; i < 50; i++) a.type();
    expect(await end(child, 'SIGTERM')).toBe(0);
    await startRelayProcess();
    await a.connection.flushed();
    expect((await stored(ref)).getText('content').toString()).toBe(a.text.toString());
  });

  it('SY6: SIGTERM with the database away exits non-zero in time; the client keeps what was not acknowledged', async () => {
    const ref = await makeDocument(database.db);
    const child = await startRelayProcess();
    const a = typist(ref);
    await until(() => a.connection.status.synced);
    a.type();
    await a.connection.flushed();
    // Nobody gets in, and whoever is in is thrown out: what a database that is away looks like.
    await database.db.$executeRawUnsafe(`ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" WITH CONNECTION LIMIT 0`);
    await database.db.$executeRaw`ALTER TABLE document_updates RENAME TO document_updates_away`;
    a.type();
    await until(() => a.connection.status.unsaved === 1);
    expect(await end(child, 'SIGTERM')).toBe(1);
    expect(a.connection.status.unsaved).toBe(1);
    await database.db.$executeRaw`ALTER TABLE document_updates_away RENAME TO document_updates`;
    await database.db.$executeRawUnsafe(`ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" WITH CONNECTION LIMIT -1`);
    await startRelayProcess();
    await a.connection.flushed();
    expect((await stored(ref)).getText('content').toString()).toBe(a.text.toString());
  });
});
