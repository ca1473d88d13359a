import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Installation, startInstallation, until } from '../lib/installation.ts';
import { type Command, end, markco, markcoDone } from '../lib/markco.ts';
import { writeNotebook } from '../lib/notes-folder.ts';
import { Phone } from '../lib/phone.ts';

const CELL = '# Flags\n\n```python\nprint("here")\n```\n';
const ROUNDS: [string, NodeJS.ProcessEnv][] = [
  ['back', { SYNC_MODE: 'legacy', ENABLE_DEVICE_AGENT: '0', ENABLE_REMOTE_EXEC_ROUTING: '0', ENABLE_CLOUD_FALLBACK: '0' }],
  ['forth', {}],
  ['to the mirror', { SYNC_MODE: 'mirror' }],
  ['back again', { SYNC_MODE: 'legacy', ENABLE_DEVICE_AGENT: '0', ENABLE_REMOTE_EXEC_ROUTING: '0', ENABLE_CLOUD_FALLBACK: '0' }],
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
    for (let i = 0; i < 12; i++) writeNotebook(root, `notes/${i}.md`, `${CELL}\nnote ${i}\n`);
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
      return list.length === 12 && list;
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
      await document.connection.flushed(AbortSignal.timeout(20_000));
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
});
