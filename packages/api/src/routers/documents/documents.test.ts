import type { BusMessage } from '@markco/core/bus';
import { jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { Principal } from '../../auth/principal.ts';
import { as, codeOf } from '../../test-support/call.ts';
import { type TestResources, testPerson, testResources } from '../../test-support/test-resources.ts';

let resources: TestResources;
let ada: Principal;
let api: ReturnType<typeof as>;
let projectId: string;
let heard: BusMessage[];
beforeAll(async () => {
  resources = await testResources();
  resources.bus.subscribe('document.changed', (message) => heard.push(message));
});
afterAll(() => resources.drop());
beforeEach(async () => {
  heard = [];
  ada = await testPerson(resources);
  api = as(resources, ada);
  projectId = (await api.projects.create({ name: 'Notes' })).id;
});

const seedOne = async (path: string, text: string) => (await api.documents.seed({ projectId, items: [{ path, text }] })).items[0]!;

describe('documents', () => {
  it('SY7: makes a document once, with its history, however many bring it at the same time', async () => {
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => seedOne('a.md', '# A\n')));
    expect(outcomes.map((item) => item.outcome).sort()).toEqual(['created', 'equal', 'equal', 'equal', 'equal', 'equal']);
    const row = await resources.db.document.findFirstOrThrow({ where: { projectId } });
    const doc = new Y.Doc();
    Y.applyUpdateV2(doc, row.yjsState!);
    expect(doc.getText('content').toString()).toBe('# A\n');
    expect(heard.map((message) => message.topic === 'document.changed' && message.change)).toEqual(['created']);
  });

  it('FB4: says where texts differ, judging by the newest committed edit, and touches nothing', async () => {
    const { document } = await seedOne('a.md', 'one\n');
    const row = await resources.db.document.findUniqueOrThrow({ where: { id: document!.id } });
    const doc = new Y.Doc();
    Y.applyUpdateV2(doc, row.yjsState!);
    const before = Y.encodeStateVector(doc);
    doc.getText('content').insert(0, 'zero\n');
    await resources.db.documentUpdate.create({ data: { documentId: row.id, bytes: new Uint8Array(Y.encodeStateAsUpdate(doc, before)) } });
    expect((await seedOne('a.md', 'one\n')).outcome).toBe('different');
    expect((await seedOne('a.md', 'zero\none\n')).outcome).toBe('equal');
    expect((await api.documents.get({ documentId: row.id })).text).toBe('zero\none\n');
  });

  it('FB9, SE4: keeps names apart by case, joins their Unicode forms, and refuses alone what is no path or no text', async () => {
    const { items } = await api.documents.seed({
      projectId,
      items: [
        { path: 'Readme.md', text: '1' },
        { path: 'README.md', text: '2' },
        { path: 'cafe\u0301.md', text: '3' },
        { path: 'café.md', text: '3' },
        { path: '../out.md', text: '4' },
        { path: 'nul.txt.md/../x.md', text: '4' },
        { path: 'binary.md', text: 'a\0b' },
      ],
    });
    expect(items.map((item) => item.outcome)).toEqual(['created', 'created', 'created', 'equal', 'refused', 'refused', 'refused']);
    expect(items[6]?.message).toContain('NUL');
  });

  it('renames without moving anything, and refuses a taken name', async () => {
    const { document } = await seedOne('a.md', 'text');
    await seedOne('b.md', 'other');
    const documentId = document!.id;
    expect(await codeOf(api.documents.rename({ documentId, path: 'b.md' }))).toBe('conflict');
    expect(await codeOf(api.documents.rename({ documentId, path: '/etc/passwd' }))).toBe('bad_request');
    const renamed = await api.documents.rename({ documentId, path: 'A.md' });
    expect(renamed).toMatchObject({ id: documentId, path: 'A.md', epoch: document!.epoch });
    expect(heard.at(-1)).toMatchObject({ change: 'renamed', documentId, by: ada.sid });
  });

  it('frees the path of a removed document, lists it, and restores it with its history under a free name', async () => {
    const { document } = await seedOne('a.md', 'old');
    const documentId = document!.id;
    await api.documents.remove({ documentId });
    await api.documents.remove({ documentId });
    expect(await codeOf(api.documents.get({ documentId }))).toBe('not_found');
    expect(await codeOf(api.documents.ticket({ documentId }))).toBe('not_found');
    expect((await api.documents.deleted({ projectId })).map((view) => view.path)).toEqual(['a.md']);
    expect((await api.projects.manifest({ projectId })).documents).toMatchObject([{ id: documentId, path: 'a.md' }]);
    expect((await seedOne('a.md', 'new')).outcome).toBe('created');
    const restored = await api.documents.restore({ documentId });
    expect(restored).toMatchObject({ id: documentId, path: 'a (2).md', epoch: document!.epoch, deletedAt: null });
    expect((await api.documents.get({ documentId })).text).toBe('old');
    expect(heard.map((message) => message.topic === 'document.changed' && message.change)).toEqual([
      'created',
      'deleted',
      'created',
      'restored',
    ]);
  });

  it('SY3: hands out tickets for five minutes that name document, person, mode and session', async () => {
    const { document } = await seedOne('ordner/ä b.md', 'text');
    const ticket = await api.documents.ticket({ documentId: document!.id, mode: 'read' });
    expect(ticket.url).toBe(`ws://localhost:3000/sync/${ada.userId}/notes/ordner/%C3%A4%20b.md`);
    const { payload } = await jwtVerify(ticket.token, resources.secret, { audience: 'markco-relay' });
    expect(payload).toMatchObject({ sub: ada.userId, doc: document!.id, mode: 'read', epoch: document!.epoch, sid: ada.sid, name: 'Ada' });
    expect(payload.exp! - payload.iat!).toBe(300);
  });

  it('finds words in texts and names, with the line, literally', async () => {
    await seedOne('physics.md', 'first\nThe 100%_true Muon decays\n');
    await seedOne('muon.md', 'nothing here');
    const hits = await api.documents.search({ projectId, query: 'MUON' });
    expect(hits.map(({ path, line }) => ({ path, line })).sort((a, b) => a.path.localeCompare(b.path))).toEqual([
      { path: 'muon.md', line: 1 },
      { path: 'physics.md', line: 2 },
    ]);
    expect(await api.documents.search({ query: '100%_t' })).toHaveLength(1);
    expect(await api.documents.search({ query: '1%t' })).toEqual([]);
  });
});
