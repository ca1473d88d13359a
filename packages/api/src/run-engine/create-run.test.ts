import { makeDevice, makeProject, makeRequest, sha256 } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { testPerson } from '../test-support/test-resources.ts';
import { createBatch } from './create-batch.ts';
import { createRun } from './create-run.ts';

let t: TestEngine;
beforeEach(async () => {
  t = await testEngine({ started: false });
});
afterEach(() => t.close());

describe('create-run', () => {
  it('RU2: the same id and body is the same run, also many times at once', async () => {
    const request = makeRequest(t.resources, t.project);
    const views = await Promise.all(Array.from({ length: 6 }, () => createRun(t.resources, t.ada, request)));
    expect(new Set(views.map((view) => view.id)).size).toBe(1);
    expect(await t.resources.db.run.count()).toBe(1);
  });

  it('RU2: the same id with another body, or of another person, is a conflict', async () => {
    const request = makeRequest(t.resources, t.project);
    await createRun(t.resources, t.ada, request);
    const other = { ...request, code: '2', codeHash: sha256('2') };
    await expect(createRun(t.resources, t.ada, other)).rejects.toMatchObject({ code: 'idempotency_conflict' });
    const bob = await testPerson(t.resources, 'Bob');
    const his = makeRequest(t.resources, await makeProject(t.resources, bob), { runId: request.runId });
    await expect(createRun(t.resources, bob, his)).rejects.toMatchObject({ code: 'idempotency_conflict' });
  });

  it('SE1: a project, document or device of another person does not exist', async () => {
    const bob = await testPerson(t.resources, 'Bob');
    const { deviceId } = await makeDevice(t.resources, bob, []);
    await expect(createRun(t.resources, bob, makeRequest(t.resources, t.project))).rejects.toMatchObject({ code: 'not_found' });
    const aimed = makeRequest(t.resources, t.project, { target: { kind: 'device', deviceId } });
    await expect(createRun(t.resources, t.ada, aimed)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('RU3, SE5: a damaged hash and characters that cannot be stored are refused', async () => {
    const damaged = makeRequest(t.resources, t.project, { codeHash: sha256('other') });
    await expect(createRun(t.resources, t.ada, damaged)).rejects.toMatchObject({ code: 'bad_request' });
    for (const code of ['a\0b', 'a\ud800b']) {
      await expect(createRun(t.resources, t.ada, makeRequest(t.resources, t.project, { code }))).rejects.toMatchObject({
        code: 'bad_request',
      });
    }
    const escaped = makeRequest(t.resources, t.project, { code: String.raw`"\u0000 \\u0000 \ud800"` });
    expect((await createRun(t.resources, t.ada, escaped)).state).toBe('queued');
  });

  it('RU8: the 51st waiting run of a project is refused with the limit named, also when they come at once', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 56 }, () => createRun(t.resources, t.ada, makeRequest(t.resources, t.project))),
    );
    const refused = results.flatMap((r) => (r.status === 'rejected' ? [r.reason] : []));
    expect(refused).toHaveLength(6);
    expect(refused[0]).toMatchObject({ code: 'limit_reached', details: { limit: 'queued_per_project', max: 50 } });
  });

  it('RU3: a cell that holds something else by now is marked', async () => {
    await t.resources.db.document.update({ where: { id: t.project.documentId }, data: { updatedAt: new Date(Date.now() - 60_000) } });
    const as = (code: string) => createRun(t.resources, t.ada, makeRequest(t.resources, t.project, { code, cellIndex: 0 }));
    expect((await as('1')).codeChanged).toBe(false);
    expect((await as('2')).codeChanged).toBe(true);
  });
});

describe('create-batch', () => {
  it('RU4: all runs or none', async () => {
    for (let i = 0; i < 48; i++) await createRun(t.resources, t.ada, makeRequest(t.resources, t.project));
    const batch = Array.from({ length: 3 }, () => makeRequest(t.resources, t.project));
    const batchId = t.resources.newId();
    await expect(createBatch(t.resources, t.ada, batchId, batch)).rejects.toMatchObject({ code: 'limit_reached' });
    expect(await t.resources.db.run.count({ where: { batchId } })).toBe(0);
    const views = await createBatch(t.resources, t.ada, batchId, batch.slice(0, 2));
    expect(views.map((view) => view.ordinal)).toEqual([0, 1]);
    expect(await createBatch(t.resources, t.ada, batchId, batch.slice(0, 2))).toEqual(views);
  });

  it('RU4: runs of several sessions are no batch', async () => {
    const batch = [makeRequest(t.resources, t.project), makeRequest(t.resources, t.project, { sessionName: 'other' })];
    await expect(createBatch(t.resources, t.ada, t.resources.newId(), batch)).rejects.toMatchObject({ code: 'bad_request' });
  });

  it('RU4: a document may name a session for each of its languages', async () => {
    const of = (language: string, sessionName: string) => makeRequest(t.resources, t.project, { language, sessionName });
    const batch = [of('python', 'shared'), of('bash', 'default'), of('py', 'shared')];
    const views = await createBatch(t.resources, t.ada, t.resources.newId(), batch);
    expect(views.map(({ language, sessionName, ordinal }) => [language, sessionName, ordinal])).toEqual([
      ['python', 'shared', 0],
      ['bash', 'default', 1],
      ['python', 'shared', 2],
    ]);
  });
});
