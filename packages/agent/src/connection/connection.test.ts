import type { ServerMessage } from '@markco/core/device/agent-message';
import { AppError } from '@markco/core/errors';
import { silentLog } from '@markco/sync/log';
import { type FakeGateway, startFakeGateway } from '@markco/testing/fake-gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEVICE_ID, PROJECT_ID, sampleOffer, USER_ID } from '../test-support/sample-offer.ts';
import { waitUntil } from '../test-support/wait-until.ts';
import { reconnectDelay } from './backoff.ts';
import { Connection, type ConnectionOptions, type ConnectionState } from './connection.ts';
import { detectWake } from './wake-detector.ts';

let gateway: FakeGateway;
let connection: Connection | undefined;
beforeEach(async () => {
  gateway = await startFakeGateway({ heartbeatMs: 20 });
});
afterEach(async () => {
  await connection?.stop('quit');
  connection = undefined;
  await gateway.close();
});

const states: ConnectionState[] = [];
const messages: ServerMessage[] = [];

function connect(over: Partial<ConnectionOptions> = {}): Connection {
  states.length = 0;
  messages.length = 0;
  connection = new Connection({
    server: gateway.url,
    identity: { userId: USER_ID, deviceId: DEVICE_ID },
    bootId: 'boot-1',
    about: { name: 'Laptop', kind: 'desktop', platform: 'linux', version: '0' },
    token: async () => 'access-1',
    onRefusedToken: () => {},
    snapshot: () => ({ allowRuns: true, projectIds: [PROJECT_ID], capabilities: { runtimes: [] } }),
    resume: () => [],
    onResumed: () => {},
    onMessage: (message) => messages.push(message),
    onState: (state) => states.push(state),
    log: silentLog,
    delay: () => 1,
    replyWithinMs: 60_000,
    welcomeWithinMs: 60_000,
    ...over,
  });
  connection.start();
  return connection;
}

const online = () => waitUntil(() => connection?.state === 'online', 'the connection');
const beats = () => gateway.received.filter((m) => m.type === 'HEARTBEAT').length;

describe('connection', () => {
  it('AG1 registers with its boot id, resumes, and beats with its capabilities', async () => {
    connect();
    await online();
    expect(gateway.registered[0]).toMatchObject({ bootId: 'boot-1', deviceId: DEVICE_ID, projectIds: [PROJECT_ID], protocol: 1 });
    expect(gateway.received[0]).toMatchObject({ type: 'RESUME', bootId: 'boot-1' });
    await gateway.until(() => beats() >= 2, 'two heartbeats');
    expect(gateway.received.find((m) => m.type === 'HEARTBEAT')).toMatchObject({ capabilities: { runtimes: [] } });
  });

  it('AG2 says goodbye when it stops', async () => {
    const it = connect();
    await online();
    await it.stop('sleep');
    expect(gateway.received.at(-1)).toMatchObject({ type: 'GOODBYE', reason: 'sleep' });
    expect(it.state).toBe('stopped');
  });

  it('AG1 ignores messages it does not know and goes on', async () => {
    connect();
    await online();
    gateway.push({ type: 'FROM_THE_FUTURE', kind: 'x' });
    gateway.offer(sampleOffer());
    await waitUntil(() => messages.length === 1, 'the offer');
    expect(messages[0]).toMatchObject({ kind: 'offer' });
  });

  it.each(['connect', 'register', 'receive', 'reply'] as const)('AG2 comes back when the socket breaks at "%s"', async (at) => {
    let broken = 0;
    gateway.script = (moment) => (moment.at === at && broken++ < 2 ? 'drop' : undefined);
    connect();
    await online();
    expect(broken).toBeGreaterThanOrEqual(2);
  });

  it.each(['register', 'reply'] as const)('AG2 gives up a socket that falls silent at "%s"', async (at) => {
    let silent = 0;
    gateway.script = (moment) => (moment.at === at && silent++ < 1 ? 'silent' : undefined);
    connect({ replyWithinMs: 500, welcomeWithinMs: 500 });
    await online();
    await gateway.until(() => gateway.registered.length >= 2, 'a second registration');
  });

  it('AG2 a heartbeat without an answer means a new socket', async () => {
    let silent = 0;
    gateway.script = (moment) => (moment.at === 'receive' && moment.message.type === 'HEARTBEAT' && silent++ < 1 ? 'silent' : undefined);
    connect({ replyWithinMs: 500 });
    await gateway.until(() => gateway.registered.length >= 2, 'a second registration');
  });

  it('EL2 a refused token is handed back and another one used', async () => {
    const refused: string[] = [];
    gateway.script = (moment) => (moment.at === 'connect' && moment.token === 'access-1' ? 'refuse' : undefined);
    connect({ token: async () => (refused.length ? 'access-2' : 'access-1'), onRefusedToken: (token) => refused.push(token) });
    await online();
    expect(refused).toEqual(['access-1']);
  });

  it('EL2 without a way to a token it asks to sign in, and connects when told', async () => {
    let signedIn = false;
    const it = connect({
      token: async () => {
        if (!signedIn) throw new AppError('unauthenticated', 'Sign in.');
        return 'access-1';
      },
    });
    await waitUntil(() => it.state === 'needs_sign_in');
    expect(gateway.registered).toHaveLength(0);
    signedIn = true;
    it.reconnect();
    await online();
  });

  it('AG2 a computer that wakes before its goodbye was answered has one connection', async () => {
    gateway.script = (moment) =>
      moment.at === 'reply' && moment.message.type === 'GOODBYE' && moment.message.reason === 'sleep' ? 'silent' : undefined;
    const it = connect();
    await online();
    const asleep = it.stop('sleep');
    await gateway.until(() => gateway.received.some((m) => m.type === 'GOODBYE'), 'the goodbye');
    it.start();
    it.reconnect();
    await asleep;
    await gateway.until(() => gateway.registered.length === 2, 'the connection after the wake');
    await online();
    const heard = beats();
    await gateway.until(() => beats() >= heard + 5, 'five heartbeats');
    expect(gateway.registered).toHaveLength(2);
  });

  it.each(['open', 'not yet open'])('AG2 after a wake a silent socket, %s, is replaced at once', async (kind) => {
    let sockets = 0;
    let met = false;
    gateway.script = (moment) => {
      if (moment.at === 'connect') sockets++;
      const fits = kind === 'open' ? moment.at === 'receive' && moment.message.type === 'HEARTBEAT' : moment.at === 'register';
      met ||= fits;
      return sockets === 1 && fits ? 'silent' : undefined;
    };
    const it = connect({ delay: () => 24 * 3_600_000, proveWithinMs: 50 });
    await waitUntil(() => met, 'the silence');
    it.reconnect();
    await gateway.until(() => gateway.received.some((m) => m.type === 'HEARTBEAT'), 'a heartbeat of the next socket');
    expect(sockets).toBe(2);
  });

  it('EL3 survives a server that is not there', async () => {
    const { url } = gateway;
    await gateway.close();
    let tries = 0;
    const delay = () => {
      tries++;
      return 1;
    };
    connect({ server: url, delay });
    await waitUntil(() => tries >= 3);
    expect(states).toContain('offline');
    gateway = await startFakeGateway();
  });

  it('kept messages wait for the next socket and are sent again when their answer was lost', async () => {
    const it = connect();
    await online();
    const before = states.length;
    gateway.disconnect();
    // It may be back before anyone looks.
    await waitUntil(() => states.slice(before).some((state) => state !== 'online'));
    let lost = 0;
    gateway.script = (moment) => (moment.at === 'reply' && moment.message.type === 'RUNTIME_DOWN' && lost++ === 0 ? 'drop' : undefined);
    const reply = it.queue.keep(it.message({ type: 'RUNTIME_DOWN', runtimeId: 'r', reason: 'x' }));
    expect(await reply).toMatchObject({ ok: true });
    expect(gateway.received.filter((m) => m.type === 'RUNTIME_DOWN')).toHaveLength(2);
  });
});

describe('reconnecting', () => {
  it('AG2 waits with full jitter between 1 and 30 s', () => {
    for (const attempt of [0, 1, 5, 50]) {
      expect(reconnectDelay(attempt, () => 0)).toBe(1_000);
      expect(reconnectDelay(attempt, () => 0.999_999)).toBeLessThanOrEqual(30_000);
    }
    expect(reconnectDelay(9, () => 1)).toBe(30_000);
  });

  it('AG2 notices sleep by the clock and a network change', async () => {
    let now = 0;
    let network = 'a';
    const seen: string[] = [];
    const stop = detectWake((why) => seen.push(why), { now: () => (now += 2), network: () => network, everyMs: 2 });
    now += 60_000;
    await waitUntil(() => seen.includes('wake'));
    network = 'b';
    await waitUntil(() => seen.includes('network'));
    stop();
  });
});
