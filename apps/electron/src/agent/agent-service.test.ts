import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '@markco/sync/log';
import { type FakeGateway, startFakeGateway } from '@markco/testing/fake-gateway';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentQuestion } from '../protocol/agent-port.ts';
import type { AgentStatus } from '../protocol/ipc-contract.ts';
import { AgentService } from './agent-service.ts';
import { PortCredentials } from './port-credentials.ts';

const USER_ID = '11111111-1111-4111-8111-111111111111';
const DEVICE_ID = '22222222-2222-4222-8222-222222222222';
const TOKENS = { accessToken: 'a', refreshToken: 'r', expiresIn: 600, deviceId: DEVICE_ID, userId: USER_ID, userName: 'Ada' };

let gateway: FakeGateway;
let home: string;
let kept: string | null;
let service: AgentService;
let statuses: AgentStatus[];
let browse: (url: string) => void;

beforeEach(async () => {
  gateway = await startFakeGateway();
  gateway.http = { 'auth.pkceExchange': () => TOKENS, 'auth.signOutDevice': () => null, 'documents.list': () => [] };
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'markco-service-')));
  kept = null;
  statuses = [];
  browse = () => undefined;
  service = await make();
});
afterEach(async () => {
  await service.stop();
  await gateway.close();
  await rm(home, { recursive: true, force: true });
});

async function make(): Promise<AgentService> {
  const ask = async (question: AgentQuestion, value: unknown): Promise<unknown> => {
    if (question === 'loadTokens') return kept;
    kept = question === 'saveTokens' ? String(value) : null;
    return null;
  };
  const made = new AgentService({
    ...{ dir: path.join(home, 'agent'), credentials: new PortCredentials({ ask }), deviceName: 'Laptop', log: silentLog },
    ...{ onStatus: (status) => statuses.push(status), onWorkspace: () => undefined, onOpenBrowser: (url) => browse(url) },
    registryFolder: path.join(home, 'runtimes'),
  });
  await made.start();
  return made;
}

/** What the page does when the person says yes. */
function sayYes(): void {
  browse = (url) => {
    const query = new URL(url).searchParams;
    void fetch(`${query.get('redirect_uri')}?code=c&state=${query.get('state')}`);
  };
}

describe('the desktop agent as main knows it', () => {
  it('EL3 EL4 needs no account, and does not call that offline', () => {
    expect(service.status()).toMatchObject({ state: 'synced', account: null, unsent: 0 });
    expect(service.status().relay?.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  });

  it('EL1 signs in through the browser at the server that was named, and keeps the tokens with main', async () => {
    sayYes();
    expect(await service.handle('signIn', { server: `${gateway.url}/some/page` })).toEqual({ ok: true });
    expect(service.status().account).toEqual({ name: 'Ada', server: gateway.url });
    expect(JSON.parse(kept!)).toMatchObject({ refreshToken: 'r', server: gateway.url });
    await vi.waitFor(() => expect(gateway.connected()).toBe(true), 60_000);
    await service.stop();
    service = await make();
    expect(service.status().account?.name).toBe('Ada');
  });

  it('EL1 a refusal and a cancelled sign-in are told in words, and folders stay', async () => {
    const root = path.join(home, 'notes');
    await mkdir(root);
    await writeFile(path.join(root, 'a.md'), '# A\n');
    await service.handle('linkFolder', { root });
    browse = (url) => {
      const query = new URL(url).searchParams;
      void fetch(`${query.get('redirect_uri')}?error=access_denied&state=${query.get('state')}`);
    };
    expect(await service.handle('signIn', { server: gateway.url })).toMatchObject({
      ok: false,
      message: expect.stringContaining('refused'),
    });
    browse = () => void service.handle('cancelSignIn', null);
    expect(await service.handle('signIn', { server: gateway.url })).toMatchObject({
      ok: false,
      message: expect.stringContaining('cancelled'),
    });
    expect(service.status()).toMatchObject({ account: null, folders: [{ root, documents: 1 }] });
    expect(kept).toBeNull();
  });

  it('EL2 signing out forgets the tokens and keeps the folders', async () => {
    sayYes();
    await service.handle('signIn', { server: gateway.url });
    await service.handle('signOut', null);
    expect(kept).toBeNull();
    expect(service.status()).toMatchObject({ account: null, state: 'synced' });
  });

  it('AG2 sleeping says goodbye, waking connects again', async () => {
    sayYes();
    await service.handle('signIn', { server: gateway.url });
    await vi.waitFor(() => expect(gateway.connected()).toBe(true), 60_000);
    await service.handle('sleep', null);
    await vi.waitFor(() => expect(gateway.connected()).toBe(false), 60_000);
    await service.handle('wake', null);
    await vi.waitFor(() => expect(gateway.connected()).toBe(true), 60_000);
  });

  it('EL5 refuses what it does not know', async () => {
    await expect(service.handle('eval', 'x')).rejects.toThrow('does not know');
    await expect(service.handle('workspace', { method: 'eval', input: {} })).rejects.toThrow();
    await expect(service.handle('workspace', { method: 'openWorkspace', input: { root: '/nowhere' } })).rejects.toThrow('not open here');
  });
});
