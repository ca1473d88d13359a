import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import superjson from 'superjson';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { pairingLink, tokenCreate } from '../admin.ts';
import { signAssetAddress } from '../agents/asset-address.ts';
import { localSignIn } from '../auth/local-user.ts';
import type { Principal } from '../auth/principal.ts';
import { as } from '../test-support/call.ts';
import { type TestResources, testPerson, testResources } from '../test-support/test-resources.ts';
import { type Api, createApi } from './create-api.ts';

let resources: TestResources;
let api: Api;
let server: Server;
let base: string;
let ada: Principal & { sessionToken: string };
let token: string;
/** SE2: after that, the row of a token is asked for again. */
const KNOWN_MS = 2_001;

beforeAll(async () => {
  resources = await testResources({ MARKCO_LOCAL_USER: '1' });
  api = createApi(resources);
  server = createServer(async (req, res) => {
    if (req.url === '/local') {
      const signedIn = await localSignIn(resources, req);
      res.end(signedIn?.cookie ?? 'refused');
    } else if (!(await api.handleHttp(req, res))) res.writeHead(418).end();
  });
  server.on('upgrade', (req, socket, head) => api.handleUpgrade(req, socket, head) || socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ada = await testPerson(resources);
  token = await tokenCreate(resources.db, { user: ada.userId, name: 'test' });
});
afterAll(async () => {
  api.close();
  server.closeAllConnections();
  server.close();
  await resources.drop();
});

const rest = async (method: string, path: string, options: { body?: unknown; headers?: Record<string, string>; raw?: string } = {}) => {
  const response = await fetch(base + path, {
    method,
    redirect: 'manual',
    headers: { authorization: `Bearer ${token}`, ...(method !== 'GET' && { 'content-type': 'application/json' }), ...options.headers },
    ...((options.raw ?? options.body) !== undefined && { body: options.raw ?? JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null,
  };
};
const cookie = () => ({ authorization: '', cookie: `next-auth.session-token=${ada.sessionToken}` });

/** Resolves with how the socket ended: its close code, or the HTTP status that refused it. */
const ending = (socket: WebSocket) =>
  new Promise<number>((resolve) => {
    socket.on('unexpected-response', (_req, res) => resolve(res.statusCode ?? 0));
    socket.on('close', resolve);
    socket.on('error', () => {});
  });
const connect = (path: string, headers: Record<string, string> = {}) => new WebSocket(base.replace('http', 'ws') + path, { headers });

describe('REST', () => {
  it('serves projects and documents through the same procedures, with ISO dates', async () => {
    const linked = await rest('POST', '/api/projects/register-local', {
      body: { name: 'R', rootId: '0190a0a0-0000-7000-8000-000000000001', folderName: 'r', manifest: [] },
    });
    const projectId = linked.json.project.id;
    const created = await rest('POST', '/api/documents', { body: { projectId, path: 'a', text: 'hi' } });
    expect(created).toMatchObject({ status: 200, json: { path: 'a.md', size: 2 } });
    expect(created.json.createdAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect((await rest('GET', `/api/projects/${projectId}/documents`)).json).toHaveLength(1);
    expect((await rest('GET', `/api/documents/${created.json.id}`)).json).toMatchObject({ text: 'hi', document: { id: created.json.id } });
    expect((await rest('GET', '/api/projects')).json).toMatchObject([{ id: projectId, documentCount: 1 }]);
    expect((await rest('GET', '/api/runs?limit=5&states=queued,running')).json).toEqual([]);
    expect((await rest('GET', '/api/devices')).json).toEqual([]);
  });

  it('SE5: answers bad input with a typed, human error', async () => {
    const error = async (work: ReturnType<typeof rest>) =>
      (({ status, json }) => [status, json.error.code, typeof json.error.message])(await work);
    expect(await error(rest('POST', '/api/documents', { raw: '{' }))).toEqual([400, 'bad_request', 'string']);
    expect(await error(rest('POST', '/api/documents', { body: { projectId: 'x' } }))).toEqual([400, 'bad_request', 'string']);
    expect(await error(rest('POST', '/api/documents', { body: {}, headers: { 'content-type': 'text/plain' } }))).toEqual([
      400,
      'bad_request',
      'string',
    ]);
    expect(await error(rest('GET', '/api/documents/0190a0a0-0000-7000-8000-00000000dead'))).toEqual([404, 'not_found', 'string']);
    expect(await error(rest('GET', '/api/nothing'))).toEqual([404, 'not_found', 'string']);
    expect(await error(rest('DELETE', '/api/projects'))).toEqual([405, 'bad_request', 'string']);
    expect(await error(rest('GET', '/api/projects', { headers: { authorization: 'Bearer mk_no' } }))).toEqual([
      401,
      'unauthenticated',
      'string',
    ]);
  });

  it('SE3: a change with a cookie needs our own page as its origin', async () => {
    const project = { method: 'POST', path: '/api/projects/register-local' };
    const body = { name: 'C', rootId: '0190a0a0-0000-7000-8000-000000000002', folderName: 'c', manifest: [] };
    const status = async (headers: object) =>
      (await rest(project.method, project.path, { body, headers: { ...cookie(), ...headers } })).status;
    expect(await status({})).toBe(401);
    expect(await status({ origin: 'https://evil.example' })).toBe(401);
    expect(await status({ origin: base })).toBe(200);
  });

  it('describes itself as OpenAPI, from the schemas that check it', async () => {
    const { json } = await rest('GET', '/api/openapi.json', { headers: { authorization: '' } });
    expect(Object.keys(json.paths)).toContain('/api/runs/{id}/cancel');
    expect(json.paths['/api/documents'].post.requestBody.content['application/json'].schema.required).toContain('path');
    expect(
      json.paths['/api/documents/{id}'].get.responses['200'].content['application/json'].schema.properties.document.properties.createdAt
        .format,
    ).toBe('date-time');
  });

  it('says what is in force, what is ready and what it measured', async () => {
    expect((await rest('GET', '/api/health')).json.flags).toEqual({
      SYNC_MODE: 'relay_primary',
      ENABLE_DEVICE_AGENT: true,
      ENABLE_REMOTE_EXEC_ROUTING: true,
      ENABLE_CLOUD_FALLBACK: true,
    });
    expect((await rest('GET', '/readyz')).json).toMatchObject({
      ready: true,
      checks: { database: { ok: true }, migrations: { ok: true }, bus: { ok: true } },
    });
    expect((await rest('GET', '/healthz')).status).toBe(200);
    expect((await rest('POST', '/api/metrics/browser', { body: { name: 'doc_open_ttfc_ms', ms: 42, cache: 'warm' } })).status).toBe(200);
    expect((await rest('GET', '/metrics')).text).toContain('doc_open_ttfc_ms_sum{cache="warm"} 42');
    expect((await rest('GET', '/metrics', { headers: { 'x-forwarded-for': '1.2.3.4' } })).status).toBe(418);
  });

  it('RU19: serves an output to its owner or by a signed address, harmless when opened by itself', async () => {
    const bytes = Buffer.from('<svg onload="alert(1)"/>');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { id: projectId } = await as(resources, ada).projects.create({ name: 'Assets' });
    await resources.db.asset.create({
      data: { userId: ada.userId, sha256, projectId, mimeType: 'image/svg+xml', size: bytes.length, bytes },
    });
    const own = await rest('GET', `/api/assets/${sha256}`);
    expect([own.status, own.text]).toEqual([200, bytes.toString()]);
    expect(own.headers.get('content-security-policy')).toContain('sandbox');
    const anyone = (path: string) => rest('GET', path, { headers: { authorization: '' } }).then((answer) => answer.status);
    const signed = signAssetAddress(resources.secret, ada.userId, sha256, resources.clock.now());
    expect(await anyone(signed)).toBe(200);
    expect(await anyone(signed.replace(/user=[^&]+/, 'user=0190a0a0-0000-7000-8000-000000000001'))).toBe(404);
    expect(await anyone(`/api/assets/${sha256}`)).toBe(404);
    expect(await anyone('/api/assets/..%2f..%2fetc')).toBe(404);
  });
});

describe('tRPC over HTTP', () => {
  it('never tells what went wrong inside, only that it did', async () => {
    const broken = vi.spyOn(resources.db.project, 'findMany').mockRejectedValueOnce(new Error('SELECT secret FROM tables'));
    const answer = await rest('GET', '/api/trpc/projects.list');
    broken.mockRestore();
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('SELECT');
    expect(answer.json.error.json.data).toMatchObject({ appCode: 'internal', code: 'INTERNAL_SERVER_ERROR' });
    expect(answer.json.error.json.data.stack).toBeUndefined();
  });

  it('takes a query as POST and reports our own codes', async () => {
    const answer = await rest('POST', '/api/trpc/documents.ticket', {
      body: { json: { documentId: '0190a0a0-0000-7000-8000-00000000dead' } },
    });
    expect([answer.status, answer.json.error.json.data.appCode]).toEqual([404, 'not_found']);
  });

  it('leaves pages and next-auth to others', async () => {
    expect((await rest('GET', '/api/auth/session')).status).toBe(418);
    expect((await rest('GET', '/projects')).status).toBe(418);
  });
});

describe('sockets (SE2)', () => {
  const opened = (socket: WebSocket) => new Promise((resolve) => socket.once('open', resolve));
  const call = (socket: WebSocket, path: string) => {
    socket.send(JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'query', params: { path, input: superjson.serialize(undefined) } }));
    return new Promise<{ result?: { data: { json: { id: string } } } }>((resolve) =>
      socket.once('message', (data) => resolve(JSON.parse(String(data)))),
    );
  };

  it('closes who is nobody, and who brings a cookie from another site, with 4401', async () => {
    expect(await ending(connect('/api/trpc'))).toBe(4401);
    expect(await ending(connect('/api/trpc', { cookie: cookie().cookie, origin: 'https://evil.example' }))).toBe(4401);
    const wrong = connect('/api/trpc?connectionParams=1');
    await opened(wrong);
    wrong.send(JSON.stringify({ method: 'connectionParams', data: { token: 'mk_wrong' } }));
    expect(await ending(wrong)).toBe(4401);
    expect(await ending(connect('/api/agents/connect'))).toBe(4401);
  });

  it('answers a signed-in socket and closes it within two seconds of the session’s end', async () => {
    const other = await testPerson(resources, 'Eve');
    const socket = connect('/api/trpc', { cookie: `next-auth.session-token=${other.sessionToken}`, origin: base });
    await opened(socket);
    expect((await call(socket, 'auth.me')).result?.data.json.id).toBe(other.userId);
    const ended = ending(socket);
    await as(resources, other).auth.signOut();
    expect(await ended).toBe(4401);
  });

  it('RU17: answers nothing while the database is away, and closes with "try later", so that subscriptions are made again', async () => {
    resources.advance(KNOWN_MS);
    const away = vi.spyOn(resources.sql, 'rows').mockRejectedValueOnce(new Error('connection terminated'));
    const socket = connect('/api/trpc', { authorization: `Bearer ${token}` });
    const said: string[] = [];
    socket.on('message', (data) => said.push(String(data)));
    socket.once('open', () => socket.send(JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'query', params: { path: 'auth.me' } })));
    expect(await ending(socket)).toBe(1013);
    expect(said).toEqual([]);
    away.mockRestore();
    const again = connect('/api/trpc', { authorization: `Bearer ${token}` });
    await opened(again);
    expect((await call(again, 'auth.me')).result?.data.json.id).toBe(ada.userId);
    again.close();
  });

  it('RU17: a socket that said who it is does not pay for a slow database: its time to sign in is over', async () => {
    resources.advance(KNOWN_MS);
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const cleared = vi.spyOn(globalThis, 'clearTimeout');
    let answer!: (rows: never[]) => void;
    const slow = vi.spyOn(resources.sql, 'rows').mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const socket = connect('/api/trpc', { authorization: `Bearer ${token}` });
    await vi.waitFor(() => expect(slow).toHaveBeenCalled(), 60_000);
    const late = timers.mock.calls.findIndex(([call]) => String(call).includes('sign_in_late'));
    const timer = timers.mock.results[late]?.value;
    expect(timer).toBeDefined();
    expect(cleared.mock.calls.flat()).toContain(timer);
    const ended = ending(socket);
    answer([]);
    expect(await ended).toBe(4401);
    vi.restoreAllMocks();
  });

  it('closes one socket alone over a message that is too large', async () => {
    const good = connect('/api/trpc', { authorization: `Bearer ${token}` });
    const bad = connect('/api/trpc', { authorization: `Bearer ${token}` });
    await Promise.all([opened(good), opened(bad)]);
    const ended = ending(bad);
    bad.send('x'.repeat(5 * 1024 * 1024));
    expect(await ended).toBe(1009);
    expect((await call(good, 'auth.me')).result?.data.json.id).toBe(ada.userId);
    good.close();
  });

  it('refuses a run’s events at the upgrade where there is no such run', async () => {
    const path = '/api/runs/0190a0a0-0000-7000-8000-00000000dead/events?after=0';
    expect(await ending(connect(path))).toBe(401);
    expect(await ending(connect(path, { authorization: `Bearer ${token}` }))).toBe(404);
    expect(await ending(connect('/api/runs/..%2f/events', { authorization: `Bearer ${token}` }))).toBe(404);
  });
});

describe('stopping (OP4)', () => {
  it('closes sockets with "going away", takes no more, and says so', async () => {
    const second = createApi(resources);
    const own = createServer((req, res) => void second.handleHttp(req, res));
    own.on('upgrade', (req, socket, head) => second.handleUpgrade(req, socket, head));
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(own.address() as AddressInfo).port}`;
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(`ws://${address}/api/trpc`, { headers });
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(
      JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'query', params: { path: 'auth.me', input: superjson.serialize(undefined) } }),
    );
    await new Promise((resolve) => socket.once('message', resolve));
    const ended = ending(socket);
    second.close();
    expect(await ended).toBe(1001);
    expect(await ending(new WebSocket(`ws://${address}/api/trpc`, { headers }))).toBe(503);
    expect((await fetch(`http://${address}/readyz`)).status).toBe(503);
    own.closeAllConnections();
    own.close();
  });
});

describe('the local user', () => {
  const local = (headers: Record<string, string>) => rest('GET', '/local', { headers: { authorization: '', ...headers } });

  it('is whoever sits at this computer, and nobody behind a proxy', async () => {
    expect((await local({})).text).toContain('next-auth.session-token=');
    expect((await local({ 'x-forwarded-for': '10.0.0.1' })).text).toBe('refused');
  });

  it('pairs a phone once, within five minutes', async () => {
    const path = async () => new URL(await pairingLink(resources.db, 'http://localhost:3000', resources.clock.now()));
    const link = await path();
    const paired = await rest('GET', link.pathname + link.search, { headers: { authorization: '' } });
    expect(paired.status).toBe(303);
    const session = paired.headers.get('set-cookie')!.split(';')[0]!;
    const me = await rest('GET', '/api/trpc/auth.me', { headers: { authorization: '', cookie: session } });
    expect(me.json.result.data.json).toMatchObject({ isLocal: true });
    expect((await rest('GET', link.pathname + link.search)).status).toBe(410);
    const late = await path();
    resources.advance(5 * 60_000 + 1);
    expect((await rest('GET', late.pathname + late.search)).status).toBe(410);
  });
});
