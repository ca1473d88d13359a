import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentRouter } from './agents/agent-router.ts';
import { appRouter } from './app-router.ts';
import type { Principal } from './auth/principal.ts';
import { REST_ROUTES } from './http/rest-map.ts';
import { as, codeOf } from './test-support/call.ts';
import { contextOf, type TestResources, testPerson, testResources } from './test-support/test-resources.ts';
import { createCallerFactory } from './trpc.ts';

/** What is Ada's, by id. */
interface Things {
  projectId: string;
  documentId: string;
  versionId: string;
  deviceId: string;
  runId: string;
  sessionId: string;
  tokenId: string;
}

let resources: TestResources;
let ada: Principal & { sessionToken: string };
let bob: Principal;
let things: Things;

beforeAll(async () => {
  resources = await testResources();
  ada = await testPerson(resources, 'Ada');
  bob = await testPerson(resources, 'Bob');
  things = await makeThings();
});
afterAll(() => resources.drop());

async function makeThings(): Promise<Things> {
  const api = as(resources, ada);
  const project = await api.projects.create({ name: 'Private' });
  const document = await api.documents.create({ projectId: project.id, path: 'diary.md', text: 'a secret word' });
  const version = await resources.versions.keep(document.id, { reason: 'overwrite', by: null });
  const device = await resources.db.device.create({ data: { userId: ada.userId, name: 'Mac', kind: 'desktop', platform: 'darwin' } });
  const { view } = await api.auth.accessTokens.create({ name: 'script' });
  const runId = resources.newId();
  await resources.db.run.create({
    data: {
      ...{ id: runId, userId: ada.userId, projectId: project.id, documentId: document.id, docPath: 'diary.md', language: 'python' },
      ...{
        sessionName: 'default',
        code: 'print(1)',
        codeHash: 'x',
        request: {},
        requestHash: 'x',
        targetKind: 'queue',
        reason: 'device_online',
      },
    },
  });
  const ids = { projectId: project.id, documentId: document.id, versionId: version!.id, deviceId: device.id };
  return { ...ids, runId, sessionId: ada.sid, tokenId: view.id };
}

const codeHash = createHash('sha256').update('1').digest('hex');
const newRun = () => ({
  runId: resources.newId(),
  projectId: things.projectId,
  documentId: things.documentId,
  epoch: 'e',
  language: 'python',
  code: '1',
  codeHash,
});

/** How Bob calls each procedure with what is Ada's. A list is what must come back empty; `own` cannot name another's thing. */
const CALLS: Record<string, 'own' | (() => { input: unknown; expect?: 'not_found' | 'empty' | 'unknown' })> = {
  'auth.me': 'own',
  'auth.updateSettings': () => ({ input: { defaultTarget: { kind: 'device', deviceId: things.deviceId } } }),
  'auth.deviceStart': 'own',
  'auth.devicePoll': 'own',
  'auth.deviceLookup': 'own',
  'auth.deviceDecide': 'own',
  'auth.pkceAuthorize': 'own',
  'auth.pkceExchange': 'own',
  'auth.refresh': 'own',
  'auth.signOut': 'own',
  'auth.signOutDevice': 'own',
  'auth.accessTokens.list': () => ({ input: undefined, expect: 'empty' }),
  'auth.accessTokens.create': 'own',
  'auth.accessTokens.revoke': () => ({ input: { id: things.tokenId } }),
  'auth.sessions.list': 'own',
  'auth.sessions.revoke': () => ({ input: { id: things.sessionId } }),
  'projects.list': () => ({ input: undefined, expect: 'empty' }),
  'projects.get': () => ({ input: { projectId: things.projectId } }),
  'projects.documents': () => ({ input: { projectId: things.projectId } }),
  'projects.manifest': () => ({ input: { projectId: things.projectId } }),
  'projects.create': 'own',
  'projects.createSample': 'own',
  'projects.registerLocal': () => ({
    input: { name: 'x', rootId: things.projectId, folderName: 'x', manifest: [], deviceId: things.deviceId },
  }),
  'projects.rename': () => ({ input: { projectId: things.projectId, name: 'mine' } }),
  'projects.updateSettings': () => ({ input: { projectId: things.projectId, fallbackToCloud: true } }),
  'projects.unlinkDevice': () => ({ input: { projectId: things.projectId, deviceId: things.deviceId } }),
  'projects.remove': () => ({ input: { projectId: things.projectId } }),
  'documents.list': () => ({ input: { projectId: things.projectId } }),
  'documents.deleted': () => ({ input: { projectId: things.projectId } }),
  'documents.get': () => ({ input: { documentId: things.documentId } }),
  'documents.ticket': () => ({ input: { documentId: things.documentId } }),
  'documents.seed': () => ({ input: { projectId: things.projectId, items: [{ path: 'a.md', text: '' }] } }),
  'documents.create': () => ({ input: { projectId: things.projectId, path: 'a.md' } }),
  'documents.rename': () => ({ input: { documentId: things.documentId, path: 'a.md' } }),
  'documents.remove': () => ({ input: { documentId: things.documentId } }),
  'documents.restore': () => ({ input: { documentId: things.documentId } }),
  'documents.search': () => ({ input: { query: 'secret' }, expect: 'empty' }),
  'documents.versions.list': () => ({ input: { documentId: things.documentId } }),
  'documents.versions.read': () => ({ input: version() }),
  'documents.versions.restore': () => ({ input: version() }),
  'documents.versions.keep': () => ({ input: { reason: 'overwrite', items: [{ documentId: things.documentId, text: 'mine' }] } }),
  'documents.watch': () => ({ input: { projectId: things.projectId } }),
  'runs.create': () => ({ input: newRun() }),
  'runs.createBatch': () => ({ input: batch() }),
  'runs.get': () => ({ input: { runId: things.runId } }),
  'runs.list': () => ({ input: { documentId: things.documentId }, expect: 'unknown' }),
  'runs.events': () => ({ input: { runId: things.runId } }),
  'runs.cancel': () => ({ input: { runId: things.runId } }),
  'runs.input': () => ({ input: { runId: things.runId, execId: 'e', text: '' } }),
  'runs.decideWaiting': () => ({ input: { runIds: [things.runId], decision: 'run' } }),
  'runs.introspect': () => ({ input: { projectId: things.projectId, language: 'python', op: 'complete', body: {} } }),
  'runs.sessionOp': () => ({ input: { projectId: things.projectId, language: 'python', op: 'restart' } }),
  'runs.watch': () => ({ input: { runId: things.runId } }),
  'devices.list': () => ({ input: undefined, expect: 'empty' }),
  'devices.watch': 'own',
  'devices.rename': () => ({ input: { deviceId: things.deviceId, name: 'mine' } }),
  'devices.setAllowRuns': () => ({ input: { deviceId: things.deviceId, allowRuns: false } }),
  'devices.revoke': () => ({ input: { deviceId: things.deviceId } }),
};

const version = () => ({ documentId: things.documentId, versionId: things.versionId });

function batch() {
  const batchId = resources.newId();
  return { batchId, runs: [{ ...newRun(), batchId, ordinal: 0 }] };
}

async function call(root: unknown, procedure: string, input: unknown): Promise<unknown> {
  let target = root;
  for (const part of procedure.split('.')) target = (target as Record<string, unknown>)[part];
  const answer = await (target as (input: unknown) => Promise<unknown>)(input);
  const stream = answer as Partial<AsyncIterable<unknown>> | null;
  if (!stream?.[Symbol.asyncIterator]) return answer;
  return (await stream[Symbol.asyncIterator]!().next()).value;
}

const snapshot = async () =>
  JSON.stringify(
    await Promise.all([
      resources.db.project.findMany({ where: { userId: ada.userId } }),
      resources.db.document.findMany({ where: { userId: ada.userId } }),
      resources.db.documentVersion.findMany({ where: { document: { userId: ada.userId } } }),
      resources.db.device.findMany({ where: { userId: ada.userId } }),
      resources.db.run.findMany({ where: { userId: ada.userId } }),
      resources.db.session.findMany({ where: { userId: ada.userId } }),
      resources.db.accessToken.findMany({ where: { userId: ada.userId } }),
    ]),
    (_key, value) => (typeof value === 'bigint' ? String(value) : value),
  );

describe('SE1: another person’s things answer as if they did not exist', () => {
  it('knows every procedure there is', () => {
    expect(Object.keys(CALLS).sort()).toEqual(Object.keys(appRouter._def.procedures).sort());
    expect(REST_ROUTES.map((route) => route.procedure).filter((name) => !(name in CALLS))).toEqual([]);
  });

  it('walks every procedure as Bob with what is Ada’s, and nothing of hers changes', async () => {
    const before = await snapshot();
    const wrong: string[] = [];
    for (const [procedure, make] of Object.entries(CALLS)) {
      if (make === 'own') continue;
      const { input, expect: wanted = 'not_found' } = make();
      const work = call(as(resources, bob), procedure, input);
      const got =
        wanted === 'not_found' ? await codeOf(work) : wanted === 'empty' ? JSON.stringify(await work) : await emptyOrNotFound(work);
      if (got !== (wanted === 'empty' ? '[]' : wanted === 'unknown' ? 'ok' : wanted)) wrong.push(`${procedure}: ${got}`);
    }
    expect(wrong).toEqual([]);
    expect(await snapshot()).toBe(before);
  });

  it('answers nobody at all but what signs them in', async () => {
    const open = ['auth.deviceStart', 'auth.devicePoll', 'auth.pkceExchange', 'auth.refresh'];
    for (const procedure of Object.keys(CALLS).filter((name) => !open.includes(name))) {
      expect([procedure, await codeOf(call(as(resources, null), procedure, {}))]).toEqual([procedure, 'unauthenticated']);
    }
    const agents = createCallerFactory(agentRouter)(contextOf(resources, bob));
    for (const procedure of Object.keys(agentRouter._def.procedures)) {
      expect([procedure, await codeOf(call(agents, procedure, {}))]).toEqual([procedure, 'forbidden']);
    }
  });

  it('does not let a worker in where persons act', async () => {
    const worker: Principal = { userId: ada.userId, kind: 'worker', sid: 'x', userName: null };
    expect(await codeOf(as(resources, worker).documents.get({ documentId: things.documentId }))).toBe('forbidden');
  });
});

async function emptyOrNotFound(work: Promise<unknown>): Promise<string> {
  const answer = await work.catch(async (error) => codeOf(Promise.reject(error)));
  return answer === 'not_found' || (Array.isArray(answer) && answer.length === 0) ? 'ok' : JSON.stringify(answer);
}
