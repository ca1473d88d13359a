import type { VersionView } from '@markco/core/contract/versions';
import { silentLog } from '@markco/sync/log';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import { converged, type RelayHarness, startRelay, stockClient, storedText, until } from '@markco/testing/relay-harness';
import { makeProject, type TestProject } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { Principal } from '../../../auth/principal.ts';
import { closeServerDocuments } from '../../../run-engine/server-documents.ts';
import { as, codeOf } from '../../../test-support/call.ts';
import { type TestResources, testPerson, testResources } from '../../../test-support/test-resources.ts';
import { restoreDocumentText } from './restore-document-text.ts';

const TEXT = '# Notes\n\n```python\nprint(1)\n```\n\nThe end.\n';

let resources: TestResources;
let ada: Principal;
let api: ReturnType<typeof as>;
let project: TestProject;
let documentId: string;
let store: PrismaStore;
let relay: RelayHarness;
const stops: (() => unknown)[] = [];

beforeEach(async () => {
  resources = await testResources();
  ada = await testPerson(resources);
  api = as(resources, ada);
  project = await makeProject(resources, ada, TEXT);
  documentId = project.documentId;
  store = new PrismaStore(resources.db, silentLog);
  relay = await startRelay({ store });
  resources.internalRelayUrl = `ws://127.0.0.1:${relay.port}`;
  relay.authorizer.register(refOf());
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  closeServerDocuments(resources);
  await relay.stop();
  await store.close();
  await resources.drop();
});

const refOf = () => ({
  ...{ documentId, userId: ada.userId, projectId: project.projectId },
  ...{ project: project.slug, path: project.docPath },
});
/** Somebody with the document open. */
async function open() {
  const client = stockClient(relay, refOf());
  stops.push(() => client.provider.destroy());
  await until(() => client.provider.synced);
  return client.doc;
}
const textOf = (doc: Y.Doc) => doc.getText('content').toString();
const point = async (text: string): Promise<VersionView> =>
  (await resources.versions.keep(documentId, { reason: 'overwrite', by: null, text }))!;
const restore = ({ id }: VersionView) => api.documents.versions.restore({ documentId, versionId: id });

describe('versions of a document', () => {
  it('SY8: a restore is an edit that everyone sees arrive; what was before is kept, and brings it back', async () => {
    const [mine, yours] = [await open(), await open()];
    const epoch = (await store.load(documentId))!.epoch;
    const old = await point(TEXT.replace('The end.', 'The beginning.'));
    const cell = Y.createRelativePositionFromTypeIndex(yours.getText('content'), TEXT.indexOf('print'));
    const reply = await restore(old);
    expect(reply).toMatchObject({ changed: true, before: { kind: 'point', reason: 'restore', by: 'Ada' } });
    await until(() => textOf(yours).includes('beginning'));
    expect(await converged([mine, yours])).toBe(TEXT.replace('The end.', 'The beginning.'));
    expect(Y.createAbsolutePositionFromRelativePosition(cell, yours)?.index).toBe(TEXT.indexOf('print'));
    expect((await store.load(documentId))!.epoch).toBe(epoch);
    expect(await restore(old)).toEqual({ changed: false, before: null });
    await restore(reply.before!);
    await until(() => textOf(mine) === TEXT);
    expect((await api.documents.versions.list({ documentId })).map(({ reason }) => reason)).toEqual(['restore', 'restore', 'overwrite']);
  });

  it('SY8: an edit that arrives between the point and the restore is in the document afterwards', async () => {
    const mine = await open();
    const old = await point('# Notes\n');
    const keep = resources.versions.keep.bind(resources.versions);
    resources.versions.keep = async (...args) => {
      const kept = await keep(...args);
      mine.getText('content').insert(TEXT.length, 'typed meanwhile\n');
      // The relay has it, and so has, or will have, the one who restores.
      await until(async () => (await storedText(store, documentId))?.includes('typed meanwhile') === true);
      return kept;
    };
    const { before } = await restore(old);
    await until(() => textOf(mine).startsWith('# Notes\n') && !textOf(mine).includes('print'));
    expect(textOf(mine)).toBe('# Notes\ntyped meanwhile\n');
    expect((await api.documents.versions.read({ documentId, versionId: before!.id })).text).toBe(TEXT);
  });

  it('SY8: two restores at once end with one of the texts, and both befores are kept', async () => {
    const mine = await open();
    const olds = [await point('one\n'), await point('two\n')];
    await Promise.all(olds.map(restore));
    await until(() => textOf(mine) !== TEXT);
    expect(['one\n', 'two\n']).toContain(await converged([mine, await open()]));
  });

  it('SY8: says so where the relay is away, and nothing is changed', async () => {
    resources.internalRelayUrl = 'ws://127.0.0.1:1';
    expect(await codeOf(restoreDocumentText(resources, documentId, 'old', null, 200))).toBe('unavailable');
    expect(await resources.db.documentVersion.count()).toBe(0);
  });

  it('refuses documents that are only listed, versions of others, and what does not exist', async () => {
    const old = await point('old');
    const other = await makeProject(resources, ada);
    const strange = { documentId: other.documentId, versionId: old.id };
    expect(await codeOf(api.documents.versions.read(strange))).toBe('not_found');
    expect(await codeOf(api.documents.versions.restore(strange))).toBe('not_found');
    await resources.db.document.update({ where: { id: documentId }, data: { status: 'read_only' } });
    expect(await codeOf(restore(old))).toBe('conflict');
    await api.documents.remove({ documentId });
    expect(await codeOf(restore(old))).toBe('not_found');
    expect(await api.documents.versions.list({ documentId })).toHaveLength(1);
  });

  it('FB5: keeps what documents are, or what a device saw them be, all or none', async () => {
    const device = await resources.db.device.create({ data: { userId: ada.userId, name: 'MacBook', kind: 'desktop', platform: 'darwin' } });
    const mac = as(resources, { ...ada, kind: 'device', deviceId: device.id });
    const other = await makeProject(resources, ada, 'second\n');
    const items = [{ documentId, text: 'before the checkout\n' }, { documentId: other.documentId }];
    const { kept } = await mac.documents.versions.keep({ reason: 'outside_change', items });
    expect(kept.map(({ version }) => version)).toMatchObject([
      { reason: 'outside_change', by: 'MacBook', size: 20 },
      { reason: 'outside_change', by: 'MacBook', size: 7 },
    ]);
    const bad = [...items, { documentId: resources.newId() }];
    expect(await codeOf(mac.documents.versions.keep({ reason: 'overwrite', items: bad }))).toBe('not_found');
    expect(await resources.db.documentVersion.count({ where: { reason: 'overwrite' } })).toBe(0);
  });

  it('counts restores and reads of one person', async () => {
    const read = () => codeOf(api.documents.versions.list({ documentId }));
    const codes = await Promise.all(Array.from({ length: 125 }, read));
    expect(codes.filter((code) => code === 'rate_limited').length).toBeGreaterThanOrEqual(1);
  });
});
