import type { RunEventBody } from '@markco/core/run/run-event';
import { silentLog } from '@markco/sync/log';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import { runsEverything, type Script } from '@markco/testing/fake-device';
import { type RelayHarness, startRelay } from '@markco/testing/relay-harness';
import { makeDevice, makeRequest } from '@markco/testing/run-factories';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEngine, testEngine } from '../test-support/test-engine.ts';
import { commitOutput } from './commit-output.ts';
import { createRun } from './create-run.ts';
import { createServerDocuments, type ServerDocuments } from './server-documents.ts';

let t: TestEngine;
let store: PrismaStore;
let relay: RelayHarness;
let relayUrl: string;
const committers: ServerDocuments[] = [];

beforeEach(async () => {
  t = await testEngine({ started: false, text: '# Notes\n\n```python\nprint(1)\n```\n\nafter\n' });
  store = new PrismaStore(t.resources.db, silentLog);
  relay = await startRelay({ store });
  relayUrl = `ws://127.0.0.1:${relay.port}`;
  const { projectId, documentId, slug, docPath } = t.project;
  relay.authorizer.register({ documentId, userId: t.ada.userId, projectId, project: slug, path: docPath });
});
afterEach(async () => {
  for (const committer of committers.splice(0)) committer.close();
  await relay.stop();
  await store.close();
  await t.close();
});

const committer = () => {
  const documents = createServerDocuments(t.resources, relayUrl);
  committers.push(documents);
  return documents;
};

async function ran(bodies: RunEventBody[]): Promise<string> {
  const script: Script = async (command, self) => {
    if (command.kind !== 'grant') return runsEverything(command, self);
    if (self.begin(command.runId, command.attempt)) await self.emit(command.runId, command.attempt, bodies);
  };
  const { device } = await makeDevice(t.resources, t.ada, [t.project], { script });
  await device.connect();
  const request = makeRequest(t.resources, t.project, { code: 'print(1)', cellIndex: 0 });
  await createRun(t.resources, t.ada, request);
  await t.engine.dispatchOnce();
  await t.untilRun(request.runId, (run) => run.lastSeq === bodies.length);
  return request.runId;
}
/** What anyone who opens the document now gets. */
async function textNow(): Promise<string> {
  const documents = committer();
  return documents.use(t.project.documentId, async (document) => {
    await document.synced(AbortSignal.timeout(60_000));
    return document.doc.getText('content').toString();
  });
}
const block = (runId: string, body: string) =>
  `# Notes\n\n\`\`\`python\nprint(1)\n\`\`\`\n\n\`\`\`output:${runId}\n${body}\`\`\`\n\nafter\n`;
const ended: RunEventBody = { kind: 'ended', outcome: 'completed', durationMs: 1 };

describe('commit-outputs (RU20)', () => {
  it('RU20: many processes that see the end write one block', async () => {
    const runId = await ran([{ kind: 'started' }, { kind: 'stdout', text: '1\n' }, ended]);
    const others = [t.anotherProcess().resources, t.anotherProcess().resources];
    const outcomes = await Promise.all([t.resources, ...others].map((resources) => commitOutput(resources, committer(), runId)));
    expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
    expect(await textNow()).toBe(block(runId, '1\n'));
    expect(await commitOutput(t.resources, committer(), runId)).toBeNull();
  });

  it('RU20: what a process that died left undone is written by the next one, once', async () => {
    const runId = await ran([{ kind: 'started' }, { kind: 'stdout', text: '1\n' }, ended]);
    const claimedBy = { outputCommittedAt: new Date(t.resources.clock.now().getTime() + 10_000) };
    await t.resources.db.run.update({ where: { id: runId }, data: claimedBy });
    expect(await commitOutput(t.resources, committer(), runId)).toBeNull();
    t.resources.advance(10_500);
    expect(await commitOutput(t.resources, committer(), runId)).toBe('written');
    expect(await textNow()).toBe(block(runId, '1\n'));
  });

  it('RU20: a repeated commit after a crash before the row was updated changes nothing', async () => {
    const runId = await ran([{ kind: 'started' }, { kind: 'stdout', text: '1\n' }, ended]);
    await commitOutput(t.resources, committer(), runId);
    await t.resources.db.run.update({ where: { id: runId }, data: { outputCommittedSeq: 0, outputCommittedAt: null } });
    expect(await commitOutput(t.resources, committer(), runId)).toBe('unchanged');
    expect(await textNow()).toBe(block(runId, '1\n'));
  });

  it('RU20: while it runs, every two seconds at most; then the end', async () => {
    const runId = await ran([{ kind: 'started' }, { kind: 'stdout', text: '1\n' }]);
    const documents = committer();
    expect(await commitOutput(t.resources, documents, runId)).toBeNull();
    t.resources.advance(2_100);
    expect(await commitOutput(t.resources, documents, runId)).toBe('written');
    expect(await textNow()).toBe(block(runId, '1\n'));
  });

  it('RU20: a document that was deleted leaves the output to the history', async () => {
    const runId = await ran([{ kind: 'started' }, { kind: 'stdout', text: '1\n' }, ended]);
    await t.resources.db.document.update({ where: { id: t.project.documentId }, data: { deletedAt: new Date() } });
    expect(await commitOutput(t.resources, committer(), runId)).toBe('gone');
    expect((await t.run(runId)).outputCommittedSeq).toBe(3);
  });

  it('RU20: the running engine does it by itself', async () => {
    const { engine } = t.anotherProcess({ relayUrl });
    engine.start();
    const runId = await ran([{ kind: 'started' }, { kind: 'stdout', text: '1\n' }, ended]);
    await t.untilRun(runId, (run) => run.outputCommittedSeq === 3);
    expect(await textNow()).toBe(block(runId, '1\n'));
  });
});
