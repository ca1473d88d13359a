import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CreateRunInput, RunView } from '@markco/core/run/run';
import type { RunWatchItem } from '@markco/core/run/run-event';
import { silentLog } from '@markco/sync/log';
import { v7 } from 'uuid';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent } from '../agent.ts';
import { fileCredentialStore } from '../config/credentials.ts';
import { waitUntil } from '../test-support/wait-until.ts';
import { LocalWorkspace, type WorkspacePush } from './local-workspace.ts';

const CELLS = [
  'x = 20 + 22\nprint(x)',
  'import time\nprint("going", flush=True)\ntime.sleep(60)',
  'raise ValueError("no")',
  'print("after")',
];
const TEXT = `# Demo\n\n${CELLS.map((code) => `\`\`\`python\n${code}\n\`\`\`\n`).join('\n')}`;

let home: string;
let root: string;
let agent: Agent;
let workspace: LocalWorkspace;
let pushes: WorkspacePush[];
let trashed: string[];

beforeEach(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'markco-window-')));
  root = path.join(home, 'demo');
  await mkdir(root);
  await writeFile(path.join(root, 'index.md'), TEXT);
  agent = new Agent({
    dir: path.join(home, 'agent'),
    kind: 'desktop',
    deviceName: 'Laptop',
    credentials: async ({ credentials }) => fileCredentialStore(credentials),
    log: silentLog,
    registryFolder: path.join(home, 'runtimes'),
  });
  await agent.start();
  await agent.linkFolder(root);
  pushes = [];
  trashed = [];
  workspace = await LocalWorkspace.open({
    ...{ root, parts: agent.local, identity: () => null, deviceName: 'Laptop', log: silentLog, onPush: (push) => pushes.push(push) },
    trash: async (file) => {
      trashed.push(path.basename(file));
      await rename(file, path.join(home, `${trashed.length}.trash`));
    },
  });
});
afterEach(async () => {
  workspace.close();
  await agent.stop();
  await rm(home, { recursive: true, force: true });
});

const documentId = async (name = 'index.md'): Promise<string> =>
  (await workspace.view()).documents.find((document) => document.path === name)!.id;
const file = (name = 'index.md'): Promise<string> => readFile(path.join(root, name), 'utf8');
const codeHash = (code: string): string => createHash('sha256').update(code).digest('hex');

async function request(cellIndex: number, change: Partial<CreateRunInput> = {}): Promise<CreateRunInput> {
  const code = change.code ?? CELLS[cellIndex]!;
  const { project } = await workspace.view();
  const where = { projectId: project.id, documentId: await documentId(), epoch: 'local' };
  return { runId: v7(), ...where, language: 'python', code, codeHash: codeHash(code), cellIndex, ...change };
}
const run = async (cellIndex: number, change: Partial<CreateRunInput> = {}): Promise<RunView> =>
  workspace.startRuns([await request(cellIndex, change)])[0]!;
const now = (runId: string): RunView => workspace.readRun(runId, 0).run;
const ended = (runId: string): Promise<void> => waitUntil(() => now(runId).endedAt !== null, 'the run to end');
const itemsOf = (runId: string): RunWatchItem[] =>
  pushes.flatMap((push) => (push.kind === 'run' && push.runId === runId ? [push.item] : []));
const printed = (runId: string): string =>
  workspace
    .readRun(runId, 0)
    .events.flatMap(({ body }) => (body.kind === 'stdout' ? [body.text] : []))
    .join('');

describe('EL3 the local workspace', () => {
  it('EL3 shows a folder without an account', async () => {
    const view = await workspace.view();
    expect(view.documents).toMatchObject([{ path: 'index.md', title: 'Home', status: 'ok' }]);
    expect(view.devices).toMatchObject([{ name: 'Laptop', presence: 'online', projectIds: [view.project.id] }]);
    expect(view.me).toMatchObject({ isLocal: true });
    expect(workspace.ticket(view.documents[0]!.id).url).toContain('ws://127.0.0.1:');
  });

  it('EL3 RU17 RU20 runs a cell with a real Python: events in order, then the output in the file', async () => {
    const { id, state } = await run(0);
    expect(['queued', 'running']).toContain(state);
    await ended(id);
    expect(now(id)).toMatchObject({ state: 'completed', ranOn: 'Laptop', freshSession: true, target: { kind: 'device' } });
    const events = itemsOf(id).flatMap((item) => (item.type === 'event' ? [item.event] : []));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    // What Python writes in two calls may come as one piece or as two.
    const kinds = events.map(({ body }) => body.kind).filter((kind, i, all) => kind !== 'stdout' || all[i - 1] !== 'stdout');
    expect(kinds).toEqual(['started', 'stdout', 'result', 'ended']);
    expect(workspace.readRun(id, 2).events.map(({ seq }) => seq)).toEqual(events.slice(2).map(({ seq }) => seq));
    await waitUntil(async () => (await file()).includes(`\`\`\`output:${id}\n42\n\`\`\``), 'the output in the file');
  });

  it('RU20 a second run replaces the first output', async () => {
    const first = await run(0);
    await ended(first.id);
    await waitUntil(async () => (await file()).includes(first.id), 'the first output');
    const second = await run(0);
    await ended(second.id);
    await waitUntil(async () => (await file()).includes(second.id), 'the second output');
    expect(await file()).not.toContain(first.id);
    expect(now(second.id).freshSession).toBe(false);
  });

  it('RU2 the same request again is the same run; other code under its id is refused', async () => {
    const input = await request(0);
    const [first] = workspace.startRuns([input]);
    const [again] = workspace.startRuns([input]);
    expect(again!.id).toBe(first!.id);
    await ended(first!.id);
    expect(itemsOf(first!.id).filter((item) => item.type === 'event' && item.event.body.kind === 'started')).toHaveLength(1);
    expect(() => workspace.startRuns([{ ...input, code: 'y', codeHash: codeHash('y') }])).toThrow(/number already/);
    expect(() => workspace.startRuns([{ ...input, runId: v7(), codeHash: codeHash('other') }])).toThrow(/damaged/);
  });

  it('RU4 an error ends the rest of its batch', async () => {
    const batchId = v7();
    const inputs = await Promise.all([0, 2, 3].map((cell, ordinal) => request(cell, { batchId, ordinal })));
    const [first, second, third] = workspace.startRuns(inputs).map(({ id }) => id);
    await ended(third!);
    await waitUntil(async () => (await file()).includes('ValueError: no'), 'the error in the file');
    expect([first, second, third].map((id) => now(id!).state)).toEqual(['completed', 'failed', 'cancelled']);
    expect(now(third!).exitReason).toBe('upstream_failed');
  });

  it('RU12 stops what runs, and at once what waits', async () => {
    const going = await run(1);
    const waiting = await run(0);
    await waitUntil(() => printed(going.id).includes('going'), 'the first output');
    expect((await workspace.cancel(waiting.id, false)).state).toBe('cancelled');
    await workspace.cancel(going.id, false);
    await ended(going.id);
    expect(now(going.id)).toMatchObject({ state: 'interrupted', exitReason: 'interrupted_by_user' });
  });

  it('RU14 the first answer to a question wins', async () => {
    const { id } = await run(0, { code: 'print("hello", input("Who? "))' });
    await waitUntil(() => now(id).awaitingInput !== null, 'the question');
    const { execId } = now(id).awaitingInput!;
    await workspace.answer(id, execId, 'Ada');
    await expect(workspace.answer(id, execId, 'Bob')).rejects.toThrow(/answered already/);
    await ended(id);
    expect(printed(id)).toContain('hello Ada');
  });

  it('AG7 asks the running session, and says where there is none', async () => {
    const question = { language: 'python', sessionName: 'default', op: 'variables' as const, body: {} };
    await expect(workspace.introspect(question)).rejects.toThrow(/Run a cell first/);
    const { id } = await run(0);
    await ended(id);
    expect(JSON.stringify(await workspace.introspect(question))).toContain('"x"');
    await workspace.sessionOp({ language: 'python', sessionName: 'default', op: 'restart' });
    await expect(workspace.introspect(question)).rejects.toThrow(/Run a cell first/);
  });
});

describe('EL3 documents', () => {
  it('EL3 makes, renames, deletes and restores documents as files', async () => {
    const made = await workspace.create('notes/first', '# First\n');
    expect(made).toMatchObject({ path: 'notes/first.md', title: 'First' });
    expect(await file('notes/first.md')).toBe('# First\n');
    await expect(workspace.create('notes/first.md', '')).rejects.toThrow(/there already/);
    const renamed = await workspace.rename(made.id, 'moved.md');
    expect(renamed).toMatchObject({ id: made.id, path: 'moved.md' });
    expect(await file('moved.md')).toBe('# First\n');
    await expect(workspace.rename(made.id, 'index.md')).rejects.toThrow(/there already/);
    await expect(workspace.rename(made.id, '../out.md')).rejects.toThrow();
    await workspace.remove(made.id);
    expect(trashed).toEqual(['moved.md']);
    expect((await workspace.view()).documents.map((document) => document.path)).toEqual(['index.md']);
    await workspace.restore(made.id);
    expect(await file('moved.md')).toBe('# First\n');
    expect((await workspace.view()).documents.map((document) => document.path)).toEqual(['index.md', 'moved.md']);
  });

  it('FB5 tells of files that others make', async () => {
    await writeFile(path.join(root, 'by-vim.md'), '# Vim\n');
    agent.on('status', () => workspace.refresh());
    const seen = (): boolean =>
      pushes.some((push) => push.kind === 'view' && push.view.documents.some(({ path: at }) => at === 'by-vim.md'));
    await waitUntil(seen, 'the new document');
  });

  it('AG3 shows pictures of the folder, and nothing else of the computer', async () => {
    const id = await documentId();
    await mkdir(path.join(root, 'img'));
    await writeFile(path.join(root, 'img', 'a b.png'), 'png');
    await writeFile(path.join(root, 'secret.txt'), 'no');
    await writeFile(path.join(home, 'outside.png'), 'no');
    await symlink(path.join(home, 'outside.png'), path.join(root, 'link.png'));
    const read = (link: string) => workspace.asset({ documentId: id, path: link });
    expect(Buffer.from((await read('img/a%20b.png'))!.bytes).toString()).toBe('png');
    expect((await read('/img/a%20b.png'))?.mimeType).toBe('image/png');
    for (const link of ['secret.txt', '../outside.png', '..%2foutside.png', 'link.png', '/etc/hostname.png', 'img', '%'])
      expect(await read(link)).toBeNull();
  });

  it('EL3 a folder that is not linked is refused', async () => {
    const other = path.join(home, 'other');
    await mkdir(other);
    const options = { parts: agent.local, identity: () => null, deviceName: 'Laptop', log: silentLog, onPush: () => undefined };
    await expect(LocalWorkspace.open({ ...options, root: other })).rejects.toThrow(/not open here/);
    expect(existsSync(path.join(other, '.markco'))).toBe(false);
  });
});
