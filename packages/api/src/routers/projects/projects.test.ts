import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { localDevice } from '../../admin.ts';
import type { Principal } from '../../auth/principal.ts';
import { as, codeOf } from '../../test-support/call.ts';
import { type TestResources, testPerson, testResources } from '../../test-support/test-resources.ts';

let resources: TestResources;
let ada: Principal;
let api: ReturnType<typeof as>;
beforeAll(async () => {
  resources = await testResources();
});
afterAll(() => resources.drop());
beforeEach(async () => {
  ada = await testPerson(resources);
  api = as(resources, ada);
});

const ok = (path: string) => ({ path, size: 4, hash: 'a'.repeat(64) });
const link = (extra: object = {}) => ({ name: 'Thesis', rootId: randomUUID(), folderName: 'thesis', manifest: [ok('a.md')], ...extra });

describe('projects', () => {
  it('gives every project its own address, also when many are made at once', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => api.projects.create({ name: 'Mine & yours' })));
    expect(made.map((project) => project.slug).sort()).toEqual([
      'mine-yours',
      'mine-yours-2',
      'mine-yours-3',
      'mine-yours-4',
      'mine-yours-5',
    ]);
    const renamed = await api.projects.rename({ projectId: made[0]!.id, name: 'Other' });
    expect(renamed).toMatchObject({ name: 'Other', slug: made[0]!.slug });
    expect(await api.projects.get({ slug: made[0]!.slug })).toMatchObject({ id: made[0]!.id });
  });

  it('FB1: the same folder is the same project, from any computer, and says what is missing', async () => {
    const device = await resources.db.device.create({ data: { userId: ada.userId, name: 'Mac', kind: 'desktop', platform: 'darwin' } });
    const first = link({ deviceId: device.id, manifest: [ok('a.md'), ok('b.qmd'), ok('../no.md')] });
    const linked = await api.projects.registerLocal(first);
    expect(linked.missing).toEqual(['a.md', 'b.qmd']);
    expect(linked.project.attachments).toEqual([{ deviceId: device.id, deviceName: 'Mac', folderName: 'thesis' }]);
    await api.documents.seed({ projectId: linked.project.id, items: [{ path: 'a.md', text: 'text' }] });
    const other = await resources.db.device.create({ data: { userId: ada.userId, name: 'PC', kind: 'desktop', platform: 'win32' } });
    const again = await api.projects.registerLocal(link({ deviceId: other.id, projectId: linked.project.id, manifest: first.manifest }));
    expect(again).toMatchObject({ project: { id: linked.project.id }, missing: ['b.qmd'], documents: [{ path: 'a.md' }] });
    expect(again.project.attachments).toHaveLength(2);
    const left = await api.projects.unlinkDevice({ projectId: linked.project.id, deviceId: device.id });
    expect(left.attachments.map((one) => one.deviceName)).toEqual(['PC']);
  });

  it('FB2: lists what cannot be a document with the reason, refuses to open it, and takes it once it can', async () => {
    const manifest = [{ path: 'big.md', size: 20_000_000, hash: 'b'.repeat(64), status: 'too_large' as const }];
    const { project, documents, missing } = await api.projects.registerLocal(link({ manifest }));
    expect(missing).toEqual([]);
    expect(documents).toMatchObject([{ path: 'big.md', status: 'too_large', size: 20_000_000 }]);
    expect(await codeOf(api.documents.ticket({ documentId: documents[0]!.id }))).toBe('conflict');
    const smaller = await api.projects.registerLocal(link({ projectId: project.id, manifest: [ok('big.md')] }));
    expect(smaller.missing).toEqual(['big.md']);
    const { items } = await api.documents.seed({ projectId: project.id, items: [{ path: 'big.md', text: 'small' }] });
    expect(items[0]).toMatchObject({ outcome: 'created', document: { id: documents[0]!.id, status: 'ok', size: 5 } });
  });

  it('SE1: a folder that carries another person’s project id becomes a project of one’s own', async () => {
    const theirs = await api.projects.registerLocal(link());
    const bob = as(resources, await testPerson(resources, 'Bob'));
    const own = await bob.projects.registerLocal(link({ projectId: theirs.project.id }));
    expect(own.project.id).not.toBe(theirs.project.id);
    expect(own.documents).toEqual([]);
    const device = await resources.db.device.create({ data: { userId: ada.userId, name: 'Mac', kind: 'desktop', platform: 'darwin' } });
    expect(await codeOf(bob.projects.registerLocal(link({ deviceId: device.id })))).toBe('not_found');
  });

  it('removes a project with its documents and frees its address', async () => {
    const project = await api.projects.createSample();
    const [document] = await api.projects.documents({ projectId: project.id });
    await api.projects.remove({ projectId: project.id });
    expect(await api.projects.list()).toEqual([]);
    expect(await codeOf(api.documents.get({ documentId: document!.id }))).toBe('not_found');
    expect(await api.documents.search({ query: 'the' })).toEqual([]);
    const next = await api.projects.createSample();
    expect(next.slug).toBe(project.slug);
    expect(next.documentCount).toBeGreaterThan(1);
  });

  it('keeps whether the cloud may take over, or leaves it to the person’s setting', async () => {
    const { id: projectId } = await api.projects.create({ name: 'A' });
    expect((await api.projects.updateSettings({ projectId, fallbackToCloud: false })).fallbackToCloud).toBe(false);
    expect((await api.projects.updateSettings({ projectId, fallbackToCloud: null })).fallbackToCloud).toBeNull();
  });

  it('signs "This computer" in as the local user without asking', async () => {
    const tokens = await localDevice(resources.db, resources.secret, { name: 'This computer', kind: 'headless', platform: 'linux' });
    const again = await localDevice(resources.db, resources.secret, {
      name: 'This computer',
      kind: 'headless',
      platform: 'linux',
      deviceId: tokens.deviceId,
    });
    expect(again).toMatchObject({ userId: tokens.userId, deviceId: tokens.deviceId });
  });
});
