import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DocumentView, ProjectView } from '@markco/core/contract/projects';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { type Command, end, markco, markcoDone } from '../lib/markco.ts';
import { hashes, makeNotesFolder, writeNotebook } from '../lib/notes-folder.ts';
import { Phone, type PhoneDocument } from '../lib/phone.ts';

const NOTEBOOK = 'lab/notebook.md';
const CELLS = {
  where: "import os\nopen('ran-here.txt', 'a').write('x')\nprint('pid', os.getpid(), 'in', os.getcwd())",
  slow: "import time, os\nopen('slow-runs.txt', 'a').write('x')\nfor i in range(40):\n    print('line', i, flush=True)\n    time.sleep(0.1)\nprint('all lines said')",
  ask: "name = input('Your name? ')\nprint('hello', name)",
  plot: 'import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()',
  once: "open('once.txt', 'a').write('x')\nprint('ran once')",
};
const text = `# Lab\n\nA paragraph that two people change.\n\n${Object.values(CELLS)
  .map((code) => `\`\`\`python\n${code}\n\`\`\`\n`)
  .join('\n')}\nThe end.\n`;
const cell = (name: keyof typeof CELLS) => Object.keys(CELLS).indexOf(name);

/** The product's promise, lived once from beginning to end with real processes and a real folder. */
describe('the story', () => {
  let installation: Installation;
  let phone: Phone;
  let agent: Command;
  let project: ProjectView;
  let documents: DocumentView[];
  let notebook: PhoneDocument;
  const folder = makeNotesFolder(300);
  const agentDir = mkdtempSync(join(tmpdir(), 'markco-agent-'));
  const onDisk = (path: string) => readFileSync(join(folder.root, path), 'utf8');
  const startAgent = async () => {
    agent = markco(
      agentDir,
      ['agent'],
      process.env.MARKCO_TEST_PYTHON ? { PATH: `${join(process.env.MARKCO_TEST_PYTHON, '..')}:${process.env.PATH}` } : {},
    );
    await until('the device is online', async () =>
      (await phone.api.devices.list.query()).some((d) => d.name === 'Test laptop' && d.presence === 'online'),
    );
  };
  const stopAgent = async () => {
    await end(agent);
    await until('the device is offline', async () =>
      (await phone.api.devices.list.query()).every((d) => d.name !== 'Test laptop' || d.presence === 'offline'),
    );
  };

  beforeAll(async () => {
    writeNotebook(folder.root, NOTEBOOK, text);
    folder.files.push(NOTEBOOK);
    installation = await startInstallation();
    phone = await Phone.local(installation.url);
  });

  afterAll(async () => {
    notebook?.close();
    phone?.close();
    if (agent) await end(agent);
    await installation?.remove();
    for (const path of [folder.root, agentDir]) rmSync(path, { recursive: true, force: true });
  });

  it('EL1 signs the agent in by device code', async () => {
    const login = markco(agentDir, ['login', '--server', installation.url]);
    const userCode = await until('the code is shown', () => /\b([A-Z0-9]{4}-[A-Z0-9]{4})\b/.exec(login.output())?.[1]);
    const asked = await phone.api.auth.deviceLookup.query({ userCode });
    expect(asked.name).toBe('Test laptop');
    await phone.api.auth.deviceDecide.mutate({ userCode, approve: true });
    expect(await login.done, login.output()).toBe(0);
  });

  it('FB1 links the folder; all documents are listed on the web', async () => {
    const said = await markcoDone(agentDir, ['link', folder.root, '--yes']);
    expect(said).toMatch(/30\d/);
    await startAgent();
    project = await until('the project is there', async () => (await phone.api.projects.list.query())[0]);
    documents = await until('all documents are there', async () => {
      const list = await phone.api.projects.documents.query({ projectId: project.id });
      return list.length === folder.files.length && list;
    });
    expect(new Set(documents.map((d) => d.path))).toEqual(new Set(folder.files));
    for (const file of ['lab/notebook.md', folder.files[7]!]) {
      const view = documents.find((d) => d.path === file)!;
      expect((await phone.api.documents.get.query({ documentId: view.id })).text).toBe(
        onDisk(file)
          .replace(/^\uFEFF/, '')
          .replaceAll('\r\n', '\n'),
      );
    }
  });

  it('FB8, SY5 an edit made offline, with the computer off, reaches the file byte-exact', async () => {
    await stopAgent();
    const before = hashes(folder.root, folder.files);
    notebook = await phone.openSynced(documents.find((d) => d.path === NOTEBOOK)!.id);
    notebook.close();
    notebook.doc.transact(() => notebook.text.insert(0, 'Written in a tunnel.\n\n'));
    // A reload: only what was kept on the phone is left.
    const kept = Y.encodeStateAsUpdate(notebook.doc);
    const again = new Y.Doc();
    Y.applyUpdate(again, kept);
    notebook = phone.open(notebook.id, { doc: again, epoch: notebook.epoch });
    await notebook.connection.flushed(AbortSignal.timeout(120_000));
    expect(onDisk(NOTEBOOK)).toBe(text);
    await startAgent();
    await until('the file has the edit', () => onDisk(NOTEBOOK) === `Written in a tunnel.\n\n${text}`);
    const after = hashes(folder.root, folder.files);
    expect(folder.files.filter((file) => after.get(file) !== before.get(file))).toEqual([NOTEBOOK]);
  });

  it('FB5 two people in one paragraph, one in another editor: both edits on both sides', async () => {
    writeFileSync(join(folder.root, NOTEBOOK), onDisk(NOTEBOOK).replace('A paragraph', 'A short paragraph'));
    const at = notebook.text.toString().indexOf('two people change');
    for (const [i, letter] of [...'really '].entries()) notebook.text.insert(at + i, letter);
    const merged = 'A short paragraph that really two people change.';
    await until('the file has both', () => onDisk(NOTEBOOK).includes(merged));
    await until('the phone has both', () => notebook.text.toString().includes(merged));
    expect(onDisk(NOTEBOOK)).toBe(notebook.text.toString());
  });

  it('RU22 a cell runs on the computer: its pid, its folder, its file; the output is in the document and in the file', async () => {
    const seen = await phone.watch(await phone.run(notebook, project.id, cell('where')));
    expect(seen.run).toMatchObject({ state: 'completed', target: { kind: 'device' }, ranOn: 'Test laptop' });
    const [, pid] = /pid (\d+) in (.+)/.exec(seen.stdout)!;
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('markco_mrp');
    expect(seen.stdout).toContain(folder.root);
    expect(onDisk('ran-here.txt')).toBe('x');
    await until(
      'the output stands in the file',
      () => onDisk(NOTEBOOK).includes(`output:${seen.run.id}`) && onDisk(NOTEBOOK).includes(`pid ${pid}`),
    );
    await until('the output stands in the document', () => notebook.text.toString().includes(`output:${seen.run.id}`));
  });

  it('RU5 with the computer away the same cell runs in the cloud and says so', async () => {
    await stopAgent();
    const seen = await phone.watch(await phone.run(notebook, project.id, cell('where')));
    expect(seen.run).toMatchObject({
      state: 'completed',
      target: { kind: 'cloud' },
      reason: 'fallback_device_offline',
      freshSession: true,
    });
    expect(seen.run.ranOn).toMatch(/cloud/i);
    expect(onDisk('ran-here.txt')).toBe('x');
  });

  it('RU8 without the fallback it waits, and runs once when the computer is back', async () => {
    await phone.api.auth.updateSettings.mutate({ fallbackToCloud: false });
    // The cloud's session of the cell before holds its variables; a new session asks for the computer.
    const runId = await phone.run(notebook, project.id, cell('once'), { sessionName: 'waiting' });
    const waiting = await phone.watch(runId, ({ run }) => run.state === 'queued' && run.reason === 'queued_device_offline');
    expect(waiting.run.message).toMatch(/Test laptop/);
    await startAgent();
    const seen = await phone.watch(runId);
    expect(seen.run).toMatchObject({ state: 'completed', ranOn: 'Test laptop' });
    expect(onDisk('once.txt')).toBe('x');
    await phone.api.auth.updateSettings.mutate({ fallbackToCloud: true });
  });

  it('RU14 input() is answered from the phone', async () => {
    const runId = await phone.run(notebook, project.id, cell('ask'), { sessionName: 'talk' });
    const { run } = await phone.watch(runId, (seen) => seen.run.awaitingInput !== null);
    expect(run.awaitingInput).toMatchObject({ prompt: 'Your name? ', password: false });
    await phone.api.runs.input.mutate({ runId, execId: run.awaitingInput!.execId, text: 'Ada' });
    expect((await phone.watch(runId)).stdout).toContain('hello Ada');
  });

  it('RU14 input() is answered from a pipe, and behind its last line reads the end', async () => {
    const args = ['run', join(folder.root, NOTEBOOK), '--cell', String(cell('ask') + 1), '--session', 'talk'];
    const answered = markco(agentDir, args, {}, 'Ann');
    expect(await answered.done, answered.output()).toBe(0);
    expect(answered.output()).toContain('hello Ann');
    const unanswered = markco(agentDir, args);
    expect(await unanswered.done, unanswered.output()).toBe(1);
    expect(unanswered.output()).toMatch(/nothing is left on the standard input[\s\S]*EOFError/);
  });

  it.skipIf(!process.env.MARKCO_TEST_PYTHON)('RU19 a plot is an image in the document and a file in the folder', async () => {
    const seen = await phone.watch(await phone.run(notebook, project.id, cell('plot'), { sessionName: 'plots' }));
    expect(seen.run.state, seen.run.message ?? '').toBe('completed');
    const asset = seen.events.map(({ body }) => body).find((body) => body.kind === 'asset');
    expect(asset).toMatchObject({ mimeType: 'image/png' });
    const link = await until('the image stands in the document and in the file', () => {
      const image = /!\[[^\]]*\]\(([^)]+\.png)\)/;
      return image.test(notebook.text.toString()) && image.exec(onDisk(NOTEBOOK))?.[1];
    });
    expect(
      readFileSync(join(folder.root, 'lab', decodeURIComponent(link)))
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
  });

  it('SY4, RU16 kill -9 of relay and web while typing and running: nothing is lost, the run ends complete, once', async () => {
    const runId = await phone.run(notebook, project.id, cell('slow'), { sessionName: 'slow' });
    await phone.watch(runId, (seen) => seen.stdout.includes('line 3'));
    const typed: string[] = [];
    const type = setInterval(() => {
      const word = `w${typed.length} `;
      typed.push(word.trim());
      notebook.text.insert(notebook.text.length, word);
    }, 20);
    await installation.kill9('sync');
    await installation.kill9('web');
    clearInterval(type);
    const seen = await phone.watch(runId);
    expect(seen.run).toMatchObject({ state: 'completed', ranOn: 'Test laptop' });
    expect(seen.stdout).toBe(`${Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join('')}all lines said\n`);
    expect(seen.events.map(({ seq }) => seq)).toEqual(seen.events.map((_, i) => i + 1));
    expect(onDisk('slow-runs.txt')).toBe('x');
    await notebook.connection.flushed(AbortSignal.timeout(120_000));
    const other = await phone.openSynced(notebook.id);
    const words = new Set(other.text.toString().split(/\s+/));
    expect(typed.filter((word) => !words.has(word))).toEqual([]);
    other.close();
    await until(
      'the output stands in the file',
      () => onDisk(NOTEBOOK).includes(`output:${runId}`) && onDisk(NOTEBOOK).includes('all lines said'),
    );
    await until('file and phone agree', () => onDisk(NOTEBOOK) === notebook.text.toString());
  });
});
