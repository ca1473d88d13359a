import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCells } from '@markco/core/document/cells';
import type { RunView } from '@markco/core/run/run';
import { type FakeGateway, startFakeGateway } from '@markco/testing/fake-gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockHolder } from '../config/instance-lock.ts';
import { SettingsFile } from '../config/settings.ts';
import { DEVICE_ID, USER_ID } from '../test-support/sample-offer.ts';
import { waitUntil } from '../test-support/wait-until.ts';
import { endingLines } from './commands/follow-run.ts';
import { runsOfCell } from './commands/lists.ts';
import { chooseCells, chooseDevice } from './commands/run.ts';

const BIN = fileURLToPath(new URL('../../bin/markco.mjs', import.meta.url));
let gateway: FakeGateway;
let home: string;
let project: string;

beforeEach(async () => {
  gateway = await startFakeGateway();
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'markco-cli-')));
  project = path.join(home, 'demo');
  await mkdir(project);
  await writeFile(path.join(project, 'index.md'), '# Demo\n');
});
afterEach(async () => {
  await gateway.close();
  await rm(home, { recursive: true, force: true });
});

function start(...args: string[]) {
  const env = {
    ...process.env,
    MARKCO_AGENT_DIR: path.join(home, 'agent'),
    MARKCO_SERVER: gateway.url,
    MARKCO_KEYRING: 'off',
    LOG_LEVEL: 'info',
  };
  const child = spawn(process.execPath, [BIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    output.out += data;
  });
  child.stderr.on('data', (data) => {
    output.err += data;
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, output, code };
}

async function markco(...args: string[]) {
  const { output, code } = start(...args);
  return { code: await code, ...output };
}

const tokens = { accessToken: 'a', refreshToken: 'r', expiresIn: 600, deviceId: DEVICE_ID, userId: USER_ID, userName: 'Ada' };

describe('markco', () => {
  it('EL1 login prints a code and a QR code, and keeps the credentials private', async () => {
    gateway.http = {
      'auth.deviceStart': () => ({
        deviceCode: 'd',
        userCode: 'ABCD-EFGH',
        verificationUri: 'http://x/device',
        verificationUriComplete: 'http://x/device?code=ABCD-EFGH',
        expiresIn: 60,
        interval: 0,
      }),
      'auth.devicePoll': () => ({ status: 'granted', tokens }),
    };
    const { code, out } = await markco('login', '--server', gateway.url);
    expect(out).toContain('ABCD-EFGH');
    expect(out).toMatch(/[█▀▄]/);
    expect(out).toContain('Signed in as Ada');
    expect(code).toBe(0);
    expect(JSON.parse(await readFile(path.join(home, 'agent', 'credentials.json'), 'utf8'))).toMatchObject(tokens);
  });

  it('FB1 link refuses the whole disk in words, asks, and links with --yes', async () => {
    const refused = await markco('link', '/', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('whole disk');
    const linked = await markco('link', project, '--yes', '--json');
    expect(JSON.parse(linked.out)).toMatchObject({ linked: project, documents: 1 });
  });

  it('OP4 the agent runs in the foreground, tells its status, and ends cleanly on SIGTERM', async () => {
    const settings = new SettingsFile(path.join(home, 'agent', 'settings.json'));
    await mkdir(path.dirname(settings.file), { recursive: true });
    await settings.update((current) => ({ ...current, folders: [{ root: project, paused: false }] }));
    const agent = start('agent');
    await waitUntil(async () => {
      const text = await readFile(path.join(home, 'agent', 'status.json'), 'utf8').catch(() => '{}');
      return (JSON.parse(text) as { folders?: unknown[] }).folders?.length === 1;
    }, 'the status');
    const { out } = await markco('status', '--json');
    expect(JSON.parse(out)).toMatchObject({ running: true, signedIn: false, folders: [{ root: project, documents: 1 }] });
    expect(out).not.toContain('secret');
    const second = await markco('agent');
    expect(second.err).toContain('already running');
    agent.child.kill('SIGTERM');
    expect(await agent.code).toBe(0);
    expect(await lockHolder(path.join(home, 'agent', 'agent.lock'))).toBeNull();
  });

  it('doctor says what to do', async () => {
    const { out, code } = await markco('doctor');
    expect(out).toContain('markco login');
    expect(code).toBe(1);
  });
});

describe('markco run', () => {
  const cells = parseCells('```python\n1\n```\n\n```python\n2\n```\n');

  it('names cells from 1 and says what there is', () => {
    expect(chooseCells(cells, { cell: '2' }).map((cell) => cell.code)).toEqual(['2']);
    expect(chooseCells(cells, { all: true })).toHaveLength(2);
    expect(() => chooseCells(cells, {})).toThrow(/--cell N \(1 to 2\)/);
    expect(() => chooseCells(cells, { cell: '3' })).toThrow(/no cell 3/);
    expect(() => chooseCells([], {})).toThrow(/no cells/);
    expect(chooseCells(cells, { cell: '2', above: true })).toHaveLength(2);
  });

  it('RU5 --on names a device, here or the cloud, and says what there is', () => {
    const devices = [
      { id: 'a', name: 'MacBook Pro' },
      { id: 'b', name: 'MacBook' },
      { id: 'c', name: 'Studio' },
    ];
    const chosen = (on: string) => chooseDevice(devices, on, 'c');
    expect(['cloud', 'here', 'macbook', 'stu'].map(chosen)).toEqual([
      { kind: 'cloud' },
      ...['c', 'b', 'c'].map((deviceId) => ({ kind: 'device', deviceId })),
    ]);
    expect(() => chosen('mac')).toThrow(/More than one/);
    expect(() => chosen('phone')).toThrow(/You have: MacBook Pro, MacBook, Studio, cloud/);
  });

  it('RU6 a run that fell back says why, once', () => {
    const view = { state: 'completed', ranOn: 'Cloud', freshSession: true, message: null, reason: 'fallback_device_offline' } as RunView;
    const why = 'Cloud · fresh session: MacBook Pro was offline';
    expect(endingLines({ ...view, why })).toEqual(['completed on Cloud (fresh session)', why]);
    expect(endingLines({ ...view, why, message: 'In the cloud because MacBook Pro was offline.' })).toHaveLength(1);
    expect(endingLines({ ...view, why, reason: 'session_affinity' })).toHaveLength(1);
  });

  it('RU20 the runs of a cell are those at its place and those of its code', () => {
    const run = (cellIndex: number, code: string) => ({ cellIndex, code, language: 'python' }) as RunView;
    const list = [run(0, 'old'), run(1, '1'), run(1, '2')];
    expect(runsOfCell(list, cells[0]!)).toEqual(list.slice(0, 2));
  });
});
