import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createPostgresBus } from '@markco/db/postgres-bus';
import { type TestDatabase, testDatabase } from '@markco/testing/database';
import { until } from '@markco/testing/relay-harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { readSyncEnv } from '../env.ts';
import { silentLog } from '../log.ts';
import type { DocumentRef } from '../store/document-store.ts';
import { type Sidecar, startSidecar } from './start-sidecar.ts';
import { makeDocument, ticketToken } from './test-world.ts';

const SECRET = 'a secret that is long enough for tests';
let database: TestDatabase;
let sidecar: Sidecar;
const open: (() => unknown)[] = [];

beforeAll(async () => {
  database = await testDatabase();
  sidecar = await startSidecar(
    readSyncEnv({ DATABASE_URL: database.url, MARKCO_SECRET: SECRET, SYNC_RELAY_PORT: '0', PUBLIC_URL: 'https://markco.example' }),
    silentLog,
  );
});
afterAll(async () => {
  await sidecar.stop();
  await database.drop();
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const address = (ref: DocumentRef, userId = ref.userId) => `ws://127.0.0.1:${sidecar.port}/sync/${userId}/${ref.project}/${ref.path}`;

/** The status of the upgrade: 101 where it was accepted. */
function status(url: string, headers: Record<string, string> = {}): Promise<number> {
  const socket = new WebSocket(url, { headers });
  open.push(() => socket.terminate());
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(101));
  });
}

async function session(userId: string): Promise<{ id: string; cookie: string }> {
  const sessionToken = randomBytes(32).toString('base64url');
  const row = await database.db.session.create({ data: { userId, sessionToken, expires: new Date(Date.now() + 60_000) } });
  return { id: row.id, cookie: `next-auth.session-token=${sessionToken}` };
}

describe('readSyncEnv', () => {
  const valid = { DATABASE_URL: 'postgres://localhost/markco', MARKCO_SECRET: SECRET };
  it('SY1: listens on 3006, and refuses 3005 with the reason', () => {
    expect(readSyncEnv(valid)).toMatchObject({ SYNC_RELAY_PORT: 3006, HOST: '127.0.0.1', SYNC_MODE: 'relay_primary' });
    expect(() => readSyncEnv({ ...valid, SYNC_RELAY_PORT: '3005' })).toThrow('Umami');
  });
  it('names what is wrong, all of it', () => {
    expect(() => readSyncEnv({ SYNC_MODE: 'both', MARKCO_SECRET: 'short' })).toThrow(
      /SYNC_MODE: must be one of legacy, mirror, relay_primary[\s\S]*DATABASE_URL: is missing[\s\S]*MARKCO_SECRET/,
    );
  });
});

describe('who may open a document', () => {
  it('SY3: a ticket of its owner, also in the other address form, and with a stock client', async () => {
    const ref = await makeDocument(database.db);
    const token = await ticketToken(SECRET, ref);
    expect(await status(`${address(ref)}?token=${token}`)).toBe(101);
    expect(await status(`ws://127.0.0.1:${sidecar.port}/u/${ref.userId}/sync/${ref.project}/index?token=${token}`)).toBe(101);
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`ws://127.0.0.1:${sidecar.port}/sync/${ref.userId}/${ref.project}`, ref.path, doc, {
      params: { token },
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      disableBc: true,
    });
    open.push(() => provider.destroy());
    await until(() => provider.synced);
    doc.getText('content').insert(0, 'Grüße');
    await until(() => sidecar.relay.stats().pendingBytes === 0);
    let text = '';
    await until(
      () => text === 'Grüße',
      120_000,
      'the text to follow',
      async () => {
        text = (await database.db.document.findUniqueOrThrow({ where: { id: ref.documentId } })).contentText;
      },
    );
  });

  it('SY3: no ticket, a forged one, an expired one, one for something else: 401', async () => {
    const ref = await makeDocument(database.db);
    const tokens = [
      await ticketToken('another secret that is long enough', ref),
      await ticketToken(SECRET, ref, { expiresInS: -5 }),
      await ticketToken(SECRET, ref, { audience: 'markco-api' }),
      'nonsense',
      'mk_unknown',
    ];
    expect(await status(address(ref))).toBe(401);
    for (const token of tokens) expect(await status(`${address(ref)}?token=${token}`)).toBe(401);
    expect(await status(address(ref), { 'x-user-id': ref.userId })).toBe(401);
  });

  it('SE1: another person, or a document that is not there: 404 alike', async () => {
    const ref = await makeDocument(database.db);
    const other = await makeDocument(database.db);
    expect(await status(`${address(ref)}?token=${await ticketToken(SECRET, other)}`)).toBe(404);
    expect(await status(`${address(ref)}?token=${await ticketToken(SECRET, ref, { sub: other.userId })}`)).toBe(404);
    expect(await status(`${address(other)}?token=${await ticketToken(SECRET, { ...ref, userId: other.userId })}`)).toBe(404);
    expect(await status(`${address(ref)}?token=${await ticketToken(SECRET, { ...ref, documentId: randomUUID() })}`)).toBe(404);
    await database.db.document.update({ where: { id: ref.documentId }, data: { deletedAt: new Date() } });
    expect(await status(`${address(ref)}?token=${await ticketToken(SECRET, ref)}`)).toBe(404);
  });

  it('SY7: a ticket for an earlier history is refused, so that the client asks for a new one', async () => {
    const ref = await makeDocument(database.db);
    expect(await status(`${address(ref)}?token=${await ticketToken(SECRET, { ...ref, epoch: 'before' })}`)).toBe(401);
  });

  it('SY3: a personal access token, in the header or as a parameter', async () => {
    const ref = await makeDocument(database.db);
    const token = `mk_${randomBytes(32).toString('base64url')}`;
    const tokenHash = createHash('sha256').update(token).digest('hex');
    const row = await database.db.accessToken.create({ data: { userId: ref.userId, name: 'script', tokenHash } });
    expect(await status(address(ref), { authorization: `Bearer ${token}` })).toBe(101);
    expect(await status(`${address(ref)}?token=${token}`)).toBe(101);
    await database.db.accessToken.update({ where: { id: row.id }, data: { revokedAt: new Date() } });
    expect(await status(address(ref), { authorization: `Bearer ${token}` })).toBe(401);
  });

  it('SE2: a session cookie only from our own pages', async () => {
    const ref = await makeDocument(database.db);
    const { cookie } = await session(ref.userId);
    expect(await status(address(ref), { cookie, origin: 'https://markco.example' })).toBe(101);
    expect(await status(address(ref), { cookie, origin: 'https://evil.example' })).toBe(401);
    expect(await status(address(ref), { cookie })).toBe(401);
  });
});

describe('revocation', () => {
  it('SE2: signing out closes the sockets of that session within seconds, over the bus', async () => {
    const ref = await makeDocument(database.db);
    const { id } = await session(ref.userId);
    const socket = new WebSocket(`${address(ref)}?token=${await ticketToken(SECRET, ref, { sid: id })}`);
    open.push(() => socket.terminate());
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    const bus = await createPostgresBus(database.url);
    open.push(() => bus.close());
    await database.db.session.delete({ where: { id } });
    await bus.publish({ topic: 'access.changed', userId: ref.userId, sid: id });
    expect(await closed).toBe(4401);
    expect(await status(`${address(ref)}?token=${await ticketToken(SECRET, ref, { sid: id })}`)).toBe(401);
  });
});

describe('operation', () => {
  const get = (path: string) => fetch(`http://127.0.0.1:${sidecar.port}${path}`);
  it('OP4: is alive and ready', async () => {
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/elsewhere')).status).toBe(404);
  });
  it('OP2: measures under the agreed names', async () => {
    const text = await (await get('/metrics')).text();
    for (const name of ['sync_connections', 'sync_errors_total', 'sync_persist_ms', 'ws_errors_total'])
      expect(text).toContain(`# TYPE ${name}`);
  });
});
