import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { admin } from '../lib/admin.ts';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { type Command, end, markco, markcoDone } from '../lib/markco.ts';
import { writeNotebook } from '../lib/notes-folder.ts';
import { Phone } from '../lib/phone.ts';

const CELL = '# Flags\n\n```python\nprint("here")\n```\n';
const OFF: NodeJS.ProcessEnv = {
  SYNC_MODE: 'legacy',
  ENABLE_DEVICE_AGENT: '0',
  ENABLE_REMOTE_EXEC_ROUTING: '0',
  ENABLE_CLOUD_FALLBACK: '0',
};
/** Every mode is come to and left by a restart; the last test goes the other ways while the processes run. */
const ROUNDS: [string, NodeJS.ProcessEnv][] = [
  ['back', OFF],
  ['to the mirror', { SYNC_MODE: 'mirror' }],
  ['and forth', {}],
];

/** OP1, SY12: every phase can be rolled back on an installation with data, and forward again. */
describe('the four flags, flipped on a running installation with data', () => {
  let installation: Installation;
  let agent: Command;
  const root = mkdtempSync(join(tmpdir(), 'markco-flags-'));
  const agentDir = mkdtempSync(join(tmpdir(), 'markco-agent-'));
  let projectId: string;
  const expected = new Map<string, string>();

  beforeAll(async () => {
    for (let i = 0; i < 6; i++) writeNotebook(root, `notes/${i}.md`, `${CELL}\nnote ${i}\n`);
    installation = await startInstallation();
    const phone = await Phone.local(installation.url);
    const login = markco(agentDir, ['login', '--server', installation.url]);
    const userCode = await until('the code is shown', () => /\b([A-Z0-9]{4}-[A-Z0-9]{4})\b/.exec(login.output())?.[1]);
    await phone.api.auth.deviceDecide.mutate({ userCode, approve: true });
    await login.done;
    await markcoDone(agentDir, ['link', root, '--yes']);
    agent = markco(agentDir, ['agent']);
    projectId = (await until('the project is there', async () => (await phone.api.projects.list.query())[0])).id;
    const documents = await until('the documents are there', async () => {
      const list = await phone.api.projects.documents.query({ projectId });
      return list.length === 6 && list;
    });
    for (const { id } of documents) expected.set(id, (await phone.api.documents.get.query({ documentId: id })).text);
    phone.close();
  });

  afterAll(async () => {
    if (agent) await end(agent);
    await installation?.remove();
    for (const path of [root, agentDir]) rmSync(path, { recursive: true, force: true });
  });

  it.each(ROUNDS)('SY12, OP1 %s: the same text everywhere, edits go on, and what is off says so', async (name, flags) => {
    await installation.restart(flags);
    const phone = await Phone.local(installation.url);
    const health = (await (await fetch(`${installation.url}/api/health`)).json()) as { flags: Record<string, unknown> };
    expect(health.flags.SYNC_MODE).toBe(flags.SYNC_MODE ?? 'relay_primary');
    for (const [id, text] of expected) {
      const document = await phone.openSynced(id);
      expect(document.text.toString()).toBe(text);
      document.text.insert(document.text.length, `edited with ${flags.SYNC_MODE ?? 'relay_primary'}\n`);
      await document.connection.flushed(AbortSignal.timeout(120_000));
      expected.set(id, document.text.toString());
      document.close();
    }
    const me = await phone.api.auth.me.query();
    const off = Object.entries(flags).filter(([, value]) => value === '0' || value === 'legacy');
    for (const [flag] of off) expect(me.notices.map((notice) => notice.flag)).toContain(flag);
    if (off.length === 0) expect(me.notices).toEqual([]);

    const [id] = [...expected.keys()];
    const document = await phone.openSynced(id!);
    if (flags.ENABLE_DEVICE_AGENT !== '0') {
      await until('the device is back', async () => (await phone.api.devices.list.query()).some((d) => d.presence === 'online'));
    }
    // A session of its own each time: variables in the cloud would hold the run there (RU6).
    const runId = await phone.run(document, projectId, 0, { sessionName: name.replaceAll(' ', '-') });
    if (flags.ENABLE_REMOTE_EXEC_ROUTING === '0') {
      // RU7: everything goes the cloud's way, as before there was any routing.
      expect((await phone.watch(runId)).run).toMatchObject({ state: 'completed', target: { kind: 'cloud' }, reason: 'routing_disabled' });
    } else {
      const { run } = await phone.watch(runId);
      expect(run, `${run.reason}: ${run.message}`).toMatchObject({ state: 'completed', ranOn: 'Test laptop' });
    }
    await until('the output is in the document', () => document.text.toString().includes(`output:${runId}`));
    expected.set(id!, document.text.toString());
    document.close();
    phone.close();
  });

  it('SY12, OP1: SYNC_MODE changes while people type and goes back, step by step as docs/operations.md says', async () => {
    const phone = await Phone.local(installation.url);
    const [, id, other] = [...expected.keys()] as [string, string, string];
    const document = await phone.openSynced(id);
    const lost: string[] = [];
    document.connection.subscribe((status) => {
      if (!status.synced) lost.push(JSON.stringify(status));
    });
    for (const mode of ['mirror', 'legacy', 'mirror', 'relay_primary'] as const) {
      await changeMode(mode);
      document.text.insert(document.text.length, `typed in ${mode}\n`);
      await document.connection.flushed(AbortSignal.timeout(120_000));
      await everywhere(phone, id, document.text.toString());
      const outside = `${readFileSync(fileOf(id), 'utf8')}by hand in ${mode}\n`;
      writeFileSync(fileOf(id), outside);
      await until('the outside edit is on the phone', () => document.text.toString() === outside);
      await everywhere(phone, id, outside);
      if (mode === 'legacy') await phone.api.documents.remove.mutate({ documentId: other });
    }
    expect(lost).toEqual([]);
    await phone.api.documents.restore.mutate({ documentId: other });
    const restored = await phone.openSynced(other);
    expect(restored.text.toString()).toBe(expected.get(other));
    restored.close();
    admin(installation, 'flags', 'clear', 'SYNC_MODE');
    expect(await metric('sync_mirror_mismatch_total')).toBe(0);
    document.close();
    phone.close();
  });

  async function changeMode(mode: string): Promise<void> {
    const changes = () => installation.output().split('The mode of the store changed').length;
    const before = changes();
    admin(installation, 'flags', 'set', 'SYNC_MODE', mode);
    await until(`the relay is in ${mode}`, () => changes() > before);
    const health = async () =>
      ((await (await fetch(`${installation.url}/api/health`)).json()) as { flags: Record<string, unknown> }).flags.SYNC_MODE;
    await until(`the web process says ${mode}`, async () => (await health()) === mode);
  }

  /** The second store has everything, and file and API say the same. */
  async function everywhere(phone: Phone, id: string, text: string): Promise<void> {
    await until('nothing lags', async () => (await metric('sync_mirror_lag_ms')) === 0);
    await until('the file has the text', () => readFileSync(fileOf(id), 'utf8') === text);
    await until('the API has the text', async () => (await phone.api.documents.get.query({ documentId: id })).text === text);
  }

  /** The server's own file of a document, wherever its person and project have their folder. */
  function fileOf(id: string): string {
    const workspaces = join(installation.dataDir, 'workspaces');
    const names = readdirSync(workspaces, { recursive: true, encoding: 'utf8' });
    const meta = names.find((name) => name.endsWith(`/.markco/docs/${id}.json`))!;
    const { file } = JSON.parse(readFileSync(join(workspaces, meta), 'utf8')) as { file: string };
    return join(workspaces, meta, '..', '..', '..', file);
  }

  async function metric(name: string): Promise<number> {
    const lines = (await (await fetch(`${installation.syncUrl}/metrics`, { headers: { connection: 'close' } })).text()).split('\n');
    return Number(
      lines
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1),
    );
  }
});
