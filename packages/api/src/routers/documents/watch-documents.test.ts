import { afterAll, beforeAll, expect, it } from 'vitest';
import { as } from '../../test-support/call.ts';
import { type TestResources, testPerson, testResources } from '../../test-support/test-resources.ts';

let resources: TestResources;
beforeAll(async () => {
  resources = await testResources();
});
afterAll(() => resources.drop());

it('tells a person which of their documents changed, and nobody else (SE1)', async () => {
  const [ada, bob] = [await testPerson(resources), await testPerson(resources, 'Bob')];
  const project = await as(resources, ada).projects.create({ name: 'Notes' });
  const stream = (await as(resources, ada).documents.watch({ projectId: project.id }))[Symbol.asyncIterator]();
  const next = stream.next();
  const others = await as(resources, bob).projects.create({ name: 'Notes' });
  await as(resources, bob).documents.create({ projectId: others.id, path: 'theirs.md' });
  const mine = await as(resources, ada).documents.create({ projectId: project.id, path: 'mine.md' });
  expect((await next).value).toEqual({ projectId: project.id, documentId: mine.id, change: 'created' });
  await stream.return?.();
});
