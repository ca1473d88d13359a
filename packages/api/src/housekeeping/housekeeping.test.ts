import { randomUUID } from 'node:crypto';
import { makeProject, makeRequest } from '@markco/testing/run-factories';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '../auth/principal.ts';
import { createRun } from '../run-engine/create-run.ts';
import { as, codeOf } from '../test-support/call.ts';
import { type TestResources, testPerson, testResources } from '../test-support/test-resources.ts';
import { keepHouse } from './housekeeping.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

let resources: TestResources;
let ada: Principal;
beforeAll(async () => {
  resources = await testResources();
  ada = await testPerson(resources);
});
afterAll(() => resources.drop());

/** A document with a run, its picture, and a version. `shown`: another document's text names the picture. */
async function documentWithEverything(shown: boolean) {
  const project = await makeProject(resources, ada);
  const run = await createRun(resources, ada, makeRequest(resources, project));
  const sha256 = randomUUID().replaceAll('-', '').repeat(2);
  const asset = { userId: ada.userId, sha256, runId: run.id, projectId: project.projectId, mimeType: 'image/png', size: 1 };
  await resources.db.asset.create({ data: { ...asset, bytes: Buffer.from('x') } });
  await resources.db.runEvent.create({ data: { runId: run.id, seq: 1, at: new Date(), kind: 'note', body: {} } });
  if (shown) await makeProject(resources, ada, `![](/api/assets/${sha256})`);
  await resources.versions.keep(project.documentId, { reason: 'overwrite', by: null });
  return { ...project, runId: run.id, sha256 };
}
const countOf = async ({ documentId, runId, sha256 }: Awaited<ReturnType<typeof documentWithEverything>>) => ({
  document: await resources.db.document.count({ where: { id: documentId } }),
  versions: await resources.db.documentVersion.count({ where: { documentId } }),
  runs: await resources.db.run.count({ where: { id: runId } }),
  events: await resources.db.runEvent.count({ where: { runId } }),
  assets: await resources.db.asset.count({ where: { sha256 } }),
});
const ALL = { document: 1, versions: 1, runs: 1, events: 1, assets: 1 };

describe('housekeeping', () => {
  it('keeps a deleted document for 30 days, then takes it with everything of it, however many processes look', async () => {
    const things = await documentWithEverything(false);
    const shown = await documentWithEverything(true);
    const kept = await documentWithEverything(false);
    for (const { documentId } of [things, shown]) await as(resources, ada).documents.remove({ documentId });
    resources.advance(30 * DAY_MS - 60_000);
    expect((await keepHouse(resources)).documents).toBe(0);
    expect(await countOf(things)).toEqual(ALL);
    resources.advance(120_000);
    const all = await Promise.all(Array.from({ length: 4 }, () => keepHouse(resources)));
    expect(all.reduce((sum, { documents }) => sum + documents, 0)).toBe(2);
    expect(await countOf(things)).toEqual({ document: 0, versions: 0, runs: 0, events: 0, assets: 0 });
    expect((await countOf(shown)).assets).toBe(1);
    expect(await countOf(kept)).toEqual(ALL);
    expect(await codeOf(as(resources, ada).documents.restore({ documentId: things.documentId }))).toBe('not_found');
  });

  it('takes the documents of a deleted project after 30 days', async () => {
    const things = await documentWithEverything(false);
    await as(resources, ada).projects.remove({ projectId: things.projectId });
    resources.advance(31 * DAY_MS);
    await keepHouse(resources);
    expect((await countOf(things)).document).toBe(0);
  });

  it('SY9: drops dailies and points after 90 days, never what the relay repairs with', async () => {
    const { documentId } = await documentWithEverything(false);
    const version = { documentId, epoch: 'e', sha256: '', contentText: '', yjsState: Buffer.from('x') };
    await resources.db.documentVersion.createMany({
      data: ['generation', 'generation_log', 'daily'].map((kind) => ({ ...version, kind })),
    });
    const long = await resources.db.documentVersion.findMany({ where: { documentId } });
    expect(long).toHaveLength(4);
    resources.advance(91 * DAY_MS);
    expect((await keepHouse(resources)).versions).toBeGreaterThanOrEqual(2);
    const left = await resources.db.documentVersion.findMany({ where: { documentId }, select: { kind: true } });
    expect(left.map(({ kind }) => kind).sort()).toEqual(['generation', 'generation_log']);
  });
});
