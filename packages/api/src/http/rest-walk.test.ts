import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeProject, makeRequest } from '@markco/testing/run-factories';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { tokenCreate } from '../admin.ts';
import { createRun } from '../run-engine/create-run.ts';
import { type TestResources, testPerson, testResources } from '../test-support/test-resources.ts';
import { type Api, createApi } from './create-api.ts';
import { REST_ROUTES } from './rest-map.ts';

let resources: TestResources;
let api: Api;
let server: Server;
let base: string;
let bobsToken: string;
/** What is Ada's: the value of each path parameter, and the bodies that name her things. */
let hers: { projectId: string; documentId: string; versionId: string; runId: string; asset: string; run: Record<string, unknown> };

beforeAll(async () => {
  resources = await testResources();
  api = createApi(resources);
  server = createServer(async (req, res) => void ((await api.handleHttp(req, res)) || res.writeHead(418).end()));
  server.on('upgrade', (req, socket, head) => api.handleUpgrade(req, socket, head) || socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ada = await testPerson(resources, 'Ada');
  const bob = await testPerson(resources, 'Bob');
  bobsToken = await tokenCreate(resources.db, { user: bob.userId, name: 'walk' });
  const project = await makeProject(resources, ada);
  const request = makeRequest(resources, project);
  const run = await createRun(resources, ada, request);
  const bytes = Buffer.from('a picture');
  const asset = createHash('sha256').update(bytes).digest('hex');
  await resources.db.asset.create({
    data: { userId: ada.userId, sha256: asset, projectId: run.projectId, mimeType: 'image/png', size: bytes.length, bytes },
  });
  const version = await resources.versions.keep(run.documentId, { reason: 'overwrite', by: null });
  hers = {
    projectId: run.projectId,
    documentId: run.documentId,
    versionId: version!.id,
    runId: run.id,
    asset,
    run: { ...request, runId: resources.newId() },
  };
});
afterAll(async () => {
  api.close();
  server.closeAllConnections();
  server.close();
  await resources.drop();
});

/** How Bob asks for what is Ada's at each REST address; `own`: the address can only name his own things. */
const BODIES: Record<string, () => unknown> = {
  'POST /api/documents': () => ({ projectId: hers.projectId, path: 'mine-now.md' }),
  'POST /api/runs': () => hers.run,
  'POST /api/runs/batch': () => ({ batchId: resources.newId(), runs: [hers.run] }),
  'POST /api/runs/waiting': () => ({ runIds: [hers.runId], decision: 'discard' }),
  'POST /api/projects/:id/session': () => ({ language: 'python', op: 'restart' }),
  'POST /api/runs/:id/cancel': () => ({}),
  'POST /api/runs/:id/input': () => ({ execId: 'x', text: 'y' }),
};
const OWN = new Set(['GET /api/projects', 'GET /api/runs', 'GET /api/devices', 'POST /api/projects/register-local']);
const idFor = (path: string): string =>
  path.includes('/projects/') ? hers.projectId : path.includes('/documents/') ? hers.documentId : hers.runId;
const headers = () => ({ authorization: `Bearer ${bobsToken}`, 'content-type': 'application/json' });

describe('SE1: another person over HTTP and sockets', () => {
  it.each(REST_ROUTES.map(({ method, path }) => `${method} ${path}`))('SE1: %s with hers answers as if it did not exist', async (name) => {
    const [method, path] = name.split(' ') as [string, string];
    const body = BODIES[name]?.();
    const answer = await fetch(`http://${base}${path.replace(':id', idFor(path)).replace(':versionId', hers.versionId)}`, {
      method,
      headers: headers(),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!OWN.has(name)) expect([answer.status, JSON.parse(text).error.code]).toEqual([404, 'not_found']);
    for (const id of [hers.projectId, hers.documentId, hers.versionId, hers.runId]) expect(text).not.toContain(id);
  });

  it.each(['asset', "document's asset"])('SE1: the bytes of an %s', async (kind) => {
    const path = kind === 'asset' ? `/api/assets/${hers.asset}` : `/api/documents/${hers.documentId}/asset?path=plot.png`;
    expect((await fetch(`http://${base}${path}`, { headers: headers() })).status).toBe(404);
  });

  it('SE1: the events of a run, by WebSocket', async () => {
    const socket = new WebSocket(`ws://${base}/api/runs/${hers.runId}/events?after=0`, { headers: headers() });
    const ended = await new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('message', () => resolve(-1));
      socket.on('close', resolve);
      socket.on('error', () => undefined);
    });
    expect([404, 4404]).toContain(ended);
  });

  it('SE1: the agents gateway refuses a person', async () => {
    const socket = new WebSocket(`ws://${base}/api/agents/connect`);
    const first = await new Promise<string>((resolve) => {
      socket.on('open', () => socket.send(JSON.stringify({ id: 1, method: 'mutation', params: { path: 'send', input: {} } })));
      socket.on('message', (data) => resolve(String(data)));
      socket.on('close', (code) => resolve(`closed ${code}`));
      socket.on('unexpected-response', (_request, response) => resolve(`refused ${response.statusCode}`));
      socket.on('error', () => undefined);
    });
    expect(first).toMatch(/error|closed|refused/);
    socket.terminate();
  });
});
