import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '@markco/sync/log';
import { type FakeGateway, startFakeGateway } from '@markco/testing/fake-gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Agent } from './agent.ts';
import { fileCredentialStore } from './config/credentials.ts';
import { SettingsFile } from './config/settings.ts';
import { createDocumentConnection } from './test-support/open-local.ts';
import { DEVICE_ID, PROJECT_ID, sampleOffer, USER_ID } from './test-support/sample-offer.ts';
import { waitUntil } from './test-support/wait-until.ts';

let gateway: FakeGateway;
let home: string;
let project: string;
let agent: Agent;

beforeEach(async () => {
  gateway = await startFakeGateway();
  gateway.http = {
    'projects.registerLocal': (input) => ({
      project: projectView(),
      documents: [],
      missing: (input as { manifest: { path: string }[] }).manifest.map((m) => m.path),
    }),
    'documents.list': () => [],
    'documents.seed': () => ({ items: [] }),
  };
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'markco-agent-')));
  project = path.join(home, 'demo');
  await (await import('node:fs/promises')).mkdir(project);
  await writeFile(path.join(project, 'index.md'), '---\nsession:\n  python:\n    cwd: .\n---\n# Demo\n');
});
afterEach(async () => {
  await agent?.stop();
  await gateway.close();
  await rm(home, { recursive: true, force: true });
});

const projectView = () => ({
  id: PROJECT_ID,
  slug: 'demo',
  name: 'Demo',
  ownerId: USER_ID,
  documentCount: 0,
  lastEditAt: null,
  createdAt: new Date(0),
  fallbackToCloud: null,
  attachments: [],
});
const tokens = {
  accessToken: 'a',
  refreshToken: 'r',
  expiresIn: 600,
  deviceId: DEVICE_ID,
  userId: USER_ID,
  userName: 'Ada',
  obtainedAt: Date.now(),
};

async function start(): Promise<Agent> {
  agent = new Agent({
    dir: path.join(home, 'agent'),
    server: gateway.url,
    deviceName: 'Laptop',
    kind: 'headless',
    credentials: async ({ credentials }) => fileCredentialStore(credentials),
    log: silentLog,
    registryFolder: path.join(home, 'runtimes'),
    connection: { delay: () => 5 },
  });
  await agent.start();
  return agent;
}
const signIn = () => agent.signIn({ ...tokens });

describe('agent', () => {
  it('EL3 works without an account: links a folder, runs a cell, and tells its state', async () => {
    await start();
    const preview = await agent.linkFolder(project);
    expect(preview).toMatchObject({ documents: 1, name: 'demo' });
    expect(agent.status()).toMatchObject({ state: 'offline', account: null, folders: [{ root: project, documents: 1, problem: null }] });
    const kinds: string[] = [];
    const printed: string[] = [];
    const { done } = agent.local.runs.start(
      {
        userId: 'local',
        projectId: project,
        documentId: 'x',
        docPath: 'index.md',
        language: 'python',
        code: 'import os\nprint(os.getcwd())',
      },
      ({ body }) => {
        kinds.push(body.kind);
        if (body.kind === 'stdout') printed.push(body.text);
      },
    );
    await done;
    expect(kinds[0]).toBe('started');
    expect(kinds.at(-1)).toBe('ended');
    expect(printed.join('')).toBe(`${project}\n`);
  });

  it('AG3 the local relay opens documents for who has the secret, and for nobody else', async () => {
    await start();
    await agent.linkFolder(project);
    const { relay, store } = agent.local;
    const ticket = relay.ticket(store.idOf(project, 'index.md')!)!;
    expect(new URL(ticket.url).hostname).toBe('127.0.0.1');
    for (const token of ['', 'wrong', 'x'.repeat(43)]) {
      const status = await new Promise<number>((resolve) => {
        new WebSocket(`${ticket.url}&token=${token}`)
          .once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
          .once('error', () => {});
      });
      expect(status).toBe(401);
    }
    expect(await createDocumentConnection(ticket)).toContain('# Demo');
  });

  it('AG1 RU10 RU19 signs in, registers its folder, and runs a granted cell in it with a real Python', async () => {
    await start();
    await signIn();
    await agent.linkFolder(project);
    await waitUntil(() => agent.status().folders[0]?.projectId === PROJECT_ID, 'the folder to be registered');
    await gateway.until(() => gateway.connected());
    const offer = sampleOffer({ code: 'open("made.txt", "w").write("by the cell")\nprint("hi")' });
    gateway.offer(offer);
    await gateway.ended(offer.runId);
    const bodies = gateway.eventsOf(offer.runId);
    expect([...new Set(bodies.map((body) => body.kind))]).toEqual(['started', 'stdout', 'result', 'ended']);
    expect(bodies.flatMap((body) => (body.kind === 'stdout' ? [body.text] : [])).join('')).toBe('hi\n');
    await gateway.until(() => gateway.received.some((m) => m.type === 'RUNTIME_UP' && m.runtime.projectId === PROJECT_ID), 'RUNTIME_UP');
    expect(bodies[0]).toMatchObject({ fresh: true, cwd: project });
    expect(await readFile(path.join(project, 'made.txt'), 'utf8')).toBe('by the cell');
    expect(agent.status()).toMatchObject({ connection: 'online', account: { name: 'Ada' } });
  });

  it('a link made by another process reaches the running agent', async () => {
    await start();
    await new SettingsFile(path.join(home, 'agent', 'settings.json')).update((s) => ({
      ...s,
      folders: [{ root: project, paused: false }],
    }));
    await waitUntil(() => agent.status().folders.length === 1, 'the folder');
    await agent.unlinkFolder(project);
    expect(agent.status().folders).toEqual([]);
    expect(await readFile(path.join(project, 'index.md'), 'utf8')).toContain('# Demo');
  });

  it('a linked folder that is gone is told, and the rest works', async () => {
    await new SettingsFile(path.join(home, 'agent', 'settings.json')).update((s) => ({
      ...s,
      folders: [
        { root: path.join(home, 'gone'), paused: false },
        { root: project, paused: false },
      ],
    }));
    await start();
    expect(agent.status()).toMatchObject({ state: 'needs_attention' });
    expect(
      agent
        .status()
        .folders.map((f) => f.problem !== null)
        .sort(),
    ).toEqual([false, true]);
  });
});
