import { EventEmitter } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { channelOf, METHOD_NAMES, type MethodName } from '../protocol/channels.ts';
import type { AgentStatus } from '../protocol/ipc-contract.ts';
import { AgentProcess, type ChildLike } from './agent-process.ts';
import { createBackoff } from './backoff.ts';
import { type Handlers, handleIpc } from './handle-ipc.ts';
import { openLink } from './open-link.ts';
import { TokenStore } from './token-store.ts';
import { trayLine, trayMenu } from './tray-model.ts';
import { isTrustedSender } from './trusted-sender.ts';
import { contentSecurityPolicy, windowOptions } from './window-options.ts';

const PAGE = 'markco://app/index.html';
const status = (change: Partial<AgentStatus> = {}): AgentStatus => ({
  state: 'synced',
  pending: 0,
  unsent: 0,
  runningFor: null,
  account: { name: 'Ada', server: 'https://markco.dev' },
  allowRuns: true,
  folders: [],
  relay: null,
  ...change,
});

class FakeChild extends EventEmitter implements ChildLike {
  sent: { id: number; method: string }[] = [];
  killed = false;
  postMessage(message: unknown): void {
    this.sent.push(message as { id: number; method: string });
  }
  kill(): boolean {
    this.killed = true;
    this.emit('exit', 1);
    return true;
  }
}

describe('EL5 the window', () => {
  it('EL5 is isolated, sandboxed and without Node.js', () => {
    expect(windowOptions('/preload.cjs').webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
    });
  });

  it('EL5 may connect to the local relay and nowhere else, and runs only its own scripts', () => {
    const policy = contentSecurityPolicy();
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self' ws://127.0.0.1:*;");
    expect(policy).not.toContain('unsafe-eval');
  });

  it.each([
    ['https://example.org/a', true],
    ['http://example.org', false],
    ['file:///etc/passwd', false],
    ['javascript:alert(1)', false],
    ['https://user:secret@example.org', false],
    ['not a link', false],
  ])('EL5 opens %s outside: %s', async (url, opens) => {
    const openExternal = vi.fn(async () => undefined);
    expect(await openLink(url, openExternal)).toBe(opens);
    expect(openExternal).toHaveBeenCalledTimes(opens ? 1 : 0);
  });
});

describe('EL5 IPC', () => {
  const wire = (handlers: Partial<Handlers>) => {
    const listeners = new Map<
      string,
      (event: { senderFrame: { url: string; parent: unknown } | null }, input: unknown) => Promise<unknown>
    >();
    const all = Object.fromEntries(METHOD_NAMES.map((name) => [name, async () => undefined])) as unknown as Handlers;
    handleIpc({ handle: (channel, listener) => listeners.set(channel, listener) }, PAGE, { ...all, ...handlers });
    return (name: MethodName, input: unknown, frame: { url: string; parent: unknown } | null = { url: PAGE, parent: null }) =>
      listeners.get(channelOf(name))!({ senderFrame: frame }, input);
  };

  it('EL5 answers its own page', async () => {
    const call = wire({ status: async () => status() });
    expect(await call('status', undefined)).toMatchObject({ state: 'synced' });
  });

  it('EL5 refuses other pages, frames and input that does not fit, before the handler runs', async () => {
    const pause = vi.fn(async () => undefined);
    const call = wire({ pause });
    await expect(call('pause', { paused: true }, { url: 'https://evil.example/', parent: null })).rejects.toThrow('may not talk');
    await expect(call('pause', { paused: true }, { url: PAGE, parent: {} })).rejects.toThrow('may not talk');
    await expect(call('pause', { paused: true }, null)).rejects.toThrow('may not talk');
    await expect(call('pause', { paused: 'yes' })).rejects.toThrow('did not understand');
    expect(pause).not.toHaveBeenCalled();
  });

  it('EL5 a page address that only starts like ours is not ours', () => {
    expect(isTrustedSender({ url: `${PAGE}.evil`, parent: null }, PAGE)).toBe(false);
    expect(isTrustedSender({ url: `${PAGE}#document`, parent: null }, PAGE)).toBe(true);
  });
});

describe('EL4 the tray', () => {
  it.each([
    [status(), 'Synced'],
    [status({ account: null }), 'On this computer only'],
    [status({ state: 'syncing', pending: 3 }), 'Syncing 3'],
    [status({ state: 'offline', unsent: 2 }), 'Offline · 2 unsent edits'],
    [status({ state: 'needs_sign_in' }), 'Sign in again to sync. Your edits are kept'],
    [status({ runningFor: 'iPhone' }), 'Running for iPhone'],
  ])('EL4 says how things stand (%#)', (now, line) => expect(trayLine(now)).toBe(line));

  it('EL4 offers what fits the state', () => {
    const actions = (now: AgentStatus) => trayMenu(now).map((item) => item.action);
    expect(actions(status())).toEqual([null, 'open', 'pause', 'quit']);
    expect(actions(status({ state: 'paused' }))).toEqual([null, 'open', 'resume', 'quit']);
    expect(actions(status({ state: 'needs_sign_in' }))).toEqual([null, 'open', 'signIn', 'quit']);
    expect(actions(status({ account: null }))).toEqual([null, 'open', 'quit']);
  });
});

describe('EL5 the agent process', () => {
  it('EL5 answers requests, and tells them when it dies', async () => {
    vi.useFakeTimers();
    const children: FakeChild[] = [];
    const down = vi.fn();
    const agent = new AgentProcess({
      fork: () => children[children.push(new FakeChild()) - 1]!,
      onPush: () => undefined,
      answer: async () => null,
      onDown: down,
    });
    agent.start();
    const first = agent.request('status', null);
    children[0]!.emit('message', { type: 'answer', id: children[0]!.sent[0]!.id, value: 'fine' });
    expect(await first).toBe('fine');
    const lost = agent.request('status', null);
    children[0]!.emit('exit', 9);
    await expect(lost).rejects.toThrow('starting again');
    expect(down).toHaveBeenCalledWith(9, 500);
    await vi.advanceTimersByTimeAsync(500);
    expect(children).toHaveLength(2);
    const stopped = agent.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    await stopped;
    expect(children[1]!.killed).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(children).toHaveLength(2);
    vi.useRealTimers();
  });

  it('EL5 waits longer each time, and not after a minute of life', () => {
    const backoff = createBackoff();
    expect([0, 0, 0, 0, 0, 0, 0].map((lived) => backoff.next(lived))).toEqual([500, 1_000, 2_000, 5_000, 10_000, 30_000, 30_000]);
    expect(backoff.next(60_000)).toBe(500);
  });
});

describe('EL2 the token store', () => {
  const memoryFile = () => {
    const kept: { bytes: Buffer | null } = { bytes: null };
    const put = async (bytes: Buffer | null) => {
      kept.bytes = bytes;
    };
    return { read: async () => kept.bytes, write: put, remove: () => put(null), peek: () => kept.bytes };
  };
  const storage = (backend: string, available = true) => ({
    isAsyncEncryptionAvailable: async () => available,
    encryptStringAsync: async (text: string) => Buffer.from([...text].reverse().join('')),
    decryptStringAsync: async (bytes: Buffer) => ({ result: [...bytes.toString()].reverse().join('') }),
    getSelectedStorageBackend: () => backend,
  });

  it('EL2 keeps tokens encrypted', async () => {
    const file = memoryFile();
    expect(await new TokenStore(storage('gnome_libsecret'), file, () => false).save('tokens')).toBe('encrypted');
    expect(file.peek()?.toString()).not.toContain('tokens');
    expect(await new TokenStore(storage('gnome_libsecret'), file, () => false).load()).toBe('tokens');
  });

  it('EL2 keeps tokens in memory where only basic_text exists, unless accepted', async () => {
    const file = memoryFile();
    const store = new TokenStore(storage('basic_text'), file, () => false);
    expect(await store.save('tokens')).toBe('memory_only');
    expect(file.peek()).toBeNull();
    expect(await store.load()).toBe('tokens');
    expect(await new TokenStore(storage('basic_text'), file, () => true).save('tokens')).toBe('encrypted');
  });
});
