import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeAgent, fakeElectron } from '../../test-support/fake-electron.ts';
import { channelOf, type MethodName } from '../protocol/channels.ts';
import type { AgentStatus } from '../protocol/ipc-contract.ts';
import { PAGE_URL } from './app-protocol.ts';
import { DesktopApp } from './desktop-app.ts';
import { readEnv } from './env.ts';

let userData: string;
let fake: ReturnType<typeof fakeElectron>;
const warnings: string[] = [];

const status = (change: Partial<AgentStatus> = {}): AgentStatus => ({
  ...{ state: 'synced', pending: 0, unsent: 0, runningFor: null, account: null, allowRuns: false, folders: [] },
  relay: { url: 'ws://127.0.0.1:5000', secret: 's' },
  ...change,
});
const account = { name: 'Ada', server: 'https://markco.dev' };

async function start(options: { argv?: string[]; platform?: NodeJS.Platform; env?: Record<string, string> } = {}): Promise<FakeAgent> {
  const { argv = [], platform = 'darwin', env = {} } = options;
  const dist = { renderer: path.join(userData, 'renderer'), preload: '/dist/preload.cjs', agent: '/dist/agent.js', icon: '/dist/icon.png' };
  const warn = (message: string) => void warnings.push(message);
  await new DesktopApp({ electron: fake.electron, dist, env: readEnv(env), platform, argv, warn }).start();
  return fake.agents[0]!;
}
const call = (name: MethodName, input?: unknown): Promise<unknown> =>
  fake.ipc.get(channelOf(name))!({ senderFrame: { url: PAGE_URL, parent: null } }, input);
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const quitEvent = () => ({ preventDefault: vi.fn() });

beforeEach(async () => {
  userData = await mkdtemp(path.join(tmpdir(), 'markco-desktop-'));
  fake = fakeElectron(userData);
  warnings.length = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  fake.app.emit('before-quit', quitEvent());
  await rm(userData, { recursive: true, force: true });
});

describe('EL5 the window', () => {
  it('EL5 shows our page and no other: navigation, redirects, webviews and new windows are denied', async () => {
    await start();
    const [window] = fake.windows;
    expect(window!.loaded).toEqual([PAGE_URL]);
    expect(window!.options).toMatchObject({ webPreferences: { sandbox: true, contextIsolation: true, preload: '/dist/preload.cjs' } });
    for (const name of ['will-navigate', 'will-redirect', 'will-attach-webview']) {
      const event = { preventDefault: vi.fn() };
      window!.webContents.emit(name, event);
      expect(event.preventDefault).toHaveBeenCalled();
    }
    expect(window!.openHandler!({ url: 'https://example.org/' })).toEqual({ action: 'deny' });
    expect(window!.openHandler!({ url: 'file:///etc/passwd' })).toEqual({ action: 'deny' });
    expect(fake.spies.openExternal.mock.calls).toEqual([['https://example.org/']]);
  });

  it('EL5 denies every permission but putting text on the clipboard', async () => {
    await start();
    const asked: Record<string, boolean> = {};
    for (const permission of ['media', 'geolocation', 'notifications', 'openExternal', 'clipboard-sanitized-write'])
      fake.permissions.request!(null, permission, (allowed: boolean) => {
        asked[permission] = allowed;
      });
    expect(Object.entries(asked).filter(([, allowed]) => allowed)).toEqual([['clipboard-sanitized-write', true]]);
    expect(fake.permissions.check!(null, 'media')).toBe(false);
    expect(fake.permissions.device!()).toBe(false);
  });

  it('EL5 serves its own files with a strict policy, and nothing beside them', async () => {
    await start();
    await mkdir(path.join(userData, 'renderer'));
    await writeFile(path.join(userData, 'renderer', 'index.html'), '<p>page');
    const get = (url: string, method = 'GET') => fake.handled.get('markco')!({ url, method } as Request);
    const page = await get(PAGE_URL);
    expect(await page.text()).toBe('<p>page');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    for (const url of [
      'markco://app/',
      'markco://app/../preferences.json',
      'markco://app/%2e%2e/preferences.json',
      'markco://app/none.js',
      'markco://app/x.exe',
    ])
      expect((await get(url)).status).toBe(404);
    expect((await get(PAGE_URL, 'POST')).status).toBe(405);
    const frame = await get('markco://app/output-frame');
    expect(frame.headers.get('content-security-policy')).toMatch(/^sandbox allow-scripts; default-src 'none'/);
  });

  it('EL5 comes back when its page crashes', async () => {
    await start();
    fake.windows[0]!.webContents.emit('render-process-gone', {}, { reason: 'oom' });
    expect(fake.windows[0]!.reloaded).toBe(1);
  });
});

describe('EL5 the agent', () => {
  it('EL5 runs in a utility process, is started again, and the tray says so meanwhile', async () => {
    const agent = await start();
    expect(fake.forks[0]![0]).toBe('/dist/agent.js');
    expect(JSON.parse((fake.forks[0]![1] as string[])[0]!)).toMatchObject({ dir: path.join(userData, 'agent') });
    agent.push('status', status());
    expect(fake.tray.tip).toBe('MarkCo: On this computer only');
    vi.useFakeTimers();
    agent.emit('exit', 7);
    expect(fake.tray.tip).toBe('MarkCo: Starting …');
    await vi.advanceTimersByTimeAsync(500);
    expect(fake.agents).toHaveLength(2);
  });

  it('EL2 keeps its tokens encrypted, in a file only the person can read', async () => {
    const agent = await start();
    agent.emit('message', { type: 'question', id: 3, question: 'saveTokens', value: '{"refreshToken":"r"}' });
    await vi.waitFor(() => expect(agent.asked('told')).toContainEqual({ question: 3, value: 'encrypted' }), 60_000);
    const file = path.join(userData, 'tokens.bin');
    expect(await readFile(file, 'utf8')).not.toContain('refreshToken');
    if (process.platform !== 'win32') expect((await stat(file)).mode & 0o777).toBe(0o600);
    agent.emit('message', { type: 'question', id: 4, question: 'loadTokens', value: null });
    await vi.waitFor(() => expect(agent.asked('told')).toContainEqual({ question: 4, value: '{"refreshToken":"r"}' }), 60_000);
  });

  it('EL3 EL5 the window links only folders the person picked; workspace calls go to the agent', async () => {
    const agent = await start();
    agent.answers.previewFolder = () => ({ dir: '/picked', name: 'picked' });
    agent.answers.workspace = () => ({ view: true });
    await expect(call('linkFolder', { root: '/picked' })).rejects.toThrow('Choose the folder first');
    expect(await call('chooseFolder')).toMatchObject({ dir: '/picked' });
    await call('linkFolder', { root: '/picked' });
    await expect(call('linkFolder', { root: '/etc' })).rejects.toThrow('Choose the folder first');
    expect(agent.asked('linkFolder')).toEqual([{ root: '/picked' }]);
    expect(await call('openWorkspace', { root: '/picked' })).toEqual({ view: true });
    expect(agent.asked('workspace')).toEqual([{ method: 'openWorkspace', input: { root: '/picked' } }]);
  });
});

describe('EL1 signing in', () => {
  it('EL1 opens the page of the named server in the browser, and no other page', async () => {
    const agent = await start();
    let push = 'https://markco.dev/connect?state=1';
    agent.answers.signIn = () => {
      agent.push('openBrowser', { url: push });
      return { ok: true };
    };
    expect(await call('signIn', { server: 'https://markco.dev' })).toEqual({ ok: true });
    expect(fake.spies.openExternal.mock.calls).toEqual([['https://markco.dev/connect?state=1']]);
    push = 'https://evil.example/connect';
    await call('signIn', { server: 'https://markco.dev' });
    await settled();
    expect(fake.spies.openExternal).toHaveBeenCalledTimes(1);
    expect(agent.asked('cancelSignIn')).toHaveLength(1);
  });

  it('EL1 signs in over https, or to this very computer', async () => {
    const agent = await start();
    agent.answers.signIn = () => ({ ok: true });
    expect(await call('signIn', { server: 'http://example.org' })).toMatchObject({ ok: false });
    expect(await call('signIn', { server: 'http://127.0.0.1:3000' })).toEqual({ ok: true });
    expect(agent.asked('signIn')).toEqual([{ server: 'http://127.0.0.1:3000' }]);
  });
});

describe('EL4 tray, window and power', () => {
  it('EL4 closing the window keeps the agent, and says so once', async () => {
    const agent = await start();
    fake.windows[0]!.emit('closed');
    await vi.waitFor(() => expect(fake.notifications).toHaveLength(1), 60_000);
    fake.app.emit('window-all-closed');
    fake.app.emit('second-instance');
    fake.windows[1]!.emit('closed');
    await settled();
    expect(fake.notifications).toHaveLength(1);
    expect(fake.spies.quit).not.toHaveBeenCalled();
    expect(agent.asked('stop')).toEqual([]);
    expect(JSON.parse(await readFile(path.join(userData, 'preferences.json'), 'utf8'))).toMatchObject({ closeExplained: true });
  });

  it('EL4 explains in a dialog where there are no notifications', async () => {
    fake.answer.notificationsSupported = false;
    await start();
    fake.windows[0]!.emit('closed');
    await vi.waitFor(() => expect(fake.spies.messageBox).toHaveBeenCalledTimes(1), 60_000);
  });

  it('EL4 asks about runs of other devices once, when there is an account; nobody runs before', async () => {
    const agent = await start();
    agent.push('status', status({ allowRuns: true }));
    expect(agent.asked('setAllowRuns')).toEqual([{ allow: false }]);
    expect(fake.spies.messageBox).not.toHaveBeenCalled();
    agent.push('status', status({ account }));
    agent.push('status', status({ account }));
    await vi.waitFor(() => expect(agent.asked('setAllowRuns')).toEqual([{ allow: false }, { allow: true }]), 60_000);
    agent.push('status', status({ account, allowRuns: true }));
    await settled();
    expect(fake.spies.messageBox).toHaveBeenCalledTimes(1);
    expect(agent.asked('setAllowRuns')).toHaveLength(2);
  });

  it('EL4 the tray follows the agent and does what it says', async () => {
    const agent = await start();
    agent.push('status', status({ account, state: 'syncing', pending: 2 }));
    const menu = fake.menus.at(-1)!;
    expect(menu.map(({ label }) => label)).toEqual(['Syncing 2', 'Open MarkCo', 'Pause sync', 'Quit MarkCo']);
    menu[2]!.click!();
    expect(agent.asked('pause')).toEqual([{ paused: true }]);
    menu[3]!.click!();
    expect(fake.spies.quit).toHaveBeenCalledTimes(1);
  });

  it('EL4 holds sleep off only during a run of another device, on mains power', async () => {
    const agent = await start();
    agent.push('status', status({ account, runningFor: 'iPhone' }));
    expect(fake.power.blockers.size).toBe(1);
    fake.power.battery = true;
    fake.powerMonitor.emit('on-battery');
    expect(fake.power.blockers.size).toBe(0);
    fake.power.battery = false;
    fake.powerMonitor.emit('on-ac');
    expect(fake.power.blockers.size).toBe(1);
    agent.push('status', status({ account }));
    expect(fake.power.blockers.size).toBe(0);
  });

  it('AG2 says goodbye when the computer sleeps and connects when it wakes', async () => {
    const agent = await start();
    fake.powerMonitor.emit('suspend');
    fake.powerMonitor.emit('resume');
    expect(agent.requests.map(({ method }) => method).filter((method) => /sleep|wake/.test(method))).toEqual(['sleep', 'wake']);
  });

  it('EL4 quitting waits for the goodbye of the agent', async () => {
    const agent = await start();
    const event = quitEvent();
    fake.app.emit('before-quit', event);
    expect(event.preventDefault).toHaveBeenCalled();
    await vi.waitFor(() => expect(fake.spies.quit).toHaveBeenCalledTimes(1), 60_000);
    expect(agent.asked('stop')).toHaveLength(1);
    const second = quitEvent();
    fake.app.emit('before-quit', second);
    expect(second.preventDefault).not.toHaveBeenCalled();
  });

  it('EL4 starts at login only where the person wants it, without a window', async () => {
    fake.answer.packaged = true;
    await start({ argv: ['--hidden'] });
    expect(fake.windows).toHaveLength(0);
    expect(fake.spies.setLoginItem).not.toHaveBeenCalled();
    await call('setOpenAtLogin', { open: true });
    expect(fake.spies.setLoginItem).toHaveBeenCalledWith({ openAtLogin: true, args: ['--hidden'] });
  });

  it('EL4 on Linux an autostart file does it', async () => {
    fake.answer.packaged = true;
    await start({ platform: 'linux', env: { XDG_CONFIG_HOME: userData, APPIMAGE: '/apps/Mark Co.AppImage' } });
    const file = path.join(userData, 'autostart/markco.desktop');
    expect(await call('setOpenAtLogin', { open: true })).toEqual({ open: true });
    expect(await readFile(file, 'utf8')).toContain('Exec="/apps/Mark Co.AppImage" --hidden');
    expect(await call('setOpenAtLogin', { open: false })).toEqual({ open: false });
    await expect(stat(file)).rejects.toThrow('ENOENT');
  });
});

describe('EL6 updates', () => {
  it('EL6 are off without a feed, and where the app is not packaged', async () => {
    await start();
    expect(fake.spies.checkForUpdates).not.toHaveBeenCalled();
    fake = fakeElectron(userData);
    await start({ env: { MARKCO_UPDATE_URL: 'https://updates.example/feed.json' } });
    expect(fake.spies.checkForUpdates).not.toHaveBeenCalled();
  });

  it('EL6 are looked for where a feed is named', async () => {
    fake.answer.packaged = true;
    await start({ env: { MARKCO_UPDATE_URL: 'https://updates.example/feed.json' } });
    expect(fake.spies.setFeedURL).toHaveBeenCalledWith({ url: 'https://updates.example/feed.json', serverType: 'json' });
    expect(() => readEnv({ MARKCO_UPDATE_URL: 'http://updates.example' })).toThrow('MARKCO_UPDATE_URL');
  });
});
