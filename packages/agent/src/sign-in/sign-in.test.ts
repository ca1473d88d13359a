import { createHash } from 'node:crypto';
import type { DeviceTokens } from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import { silentLog } from '@markco/sync/log';
import { type FakeGateway, GatewayError, startFakeGateway } from '@markco/testing/fake-gateway';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from '../api-client/api-client.ts';
import type { CredentialStore, StoredCredentials } from '../config/credential-store.ts';
import { DEVICE_ID, USER_ID } from '../test-support/sample-offer.ts';
import { deviceGrant } from './device-grant.ts';
import { startLoopbackSignIn } from './pkce-loopback.ts';
import { TokenManager } from './token-manager.ts';

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await startFakeGateway();
});
afterEach(() => gateway.close());

const tokens = (n: number): DeviceTokens => ({
  accessToken: `access-${n}`,
  refreshToken: `refresh-${n}`,
  expiresIn: 600,
  deviceId: DEVICE_ID,
  userId: USER_ID,
  userName: 'Ada',
});
const about = { name: 'Server', kind: 'headless' as const, platform: 'linux' };

describe('device grant', () => {
  const code = {
    deviceCode: 'd',
    userCode: 'ABCD-EFGH',
    verificationUri: 'http://x/device',
    verificationUriComplete: 'http://x/device?code=ABCD-EFGH',
  };

  async function grant(replies: unknown[], expiresIn = 900) {
    const clock = { now: 0 };
    const waits: number[] = [];
    gateway.http = {
      'auth.deviceStart': () => ({ ...code, expiresIn, interval: 5 }),
      'auth.devicePoll': () => {
        const reply = replies.shift();
        if (reply instanceof Error) throw reply;
        return reply;
      },
    };
    const shown: string[] = [];
    const result = deviceGrant({
      api: createApiClient(gateway.url),
      about,
      onCode: ({ userCode }) => void shown.push(userCode),
      sleep: async (ms) => {
        waits.push(ms / 1000);
        clock.now += ms;
      },
      now: () => clock.now,
    });
    return { result, waits, shown };
  }

  it('EL1 shows the code, obeys slow_down and returns the tokens', async () => {
    const { result, waits, shown } = await grant([
      { status: 'pending', interval: 5 },
      { status: 'slow_down', interval: 10 },
      { status: 'pending', interval: 10 },
      { status: 'granted', tokens: tokens(1) },
    ]);
    expect(await result).toEqual(tokens(1));
    expect(shown).toEqual(['ABCD-EFGH']);
    expect(waits).toEqual([5, 5, 10, 10]);
  });

  it('EL1 a lost network only makes it slower', async () => {
    const { result, waits } = await grant([
      new GatewayError({ code: 'SERVICE_UNAVAILABLE' }),
      new GatewayError({ code: 'TOO_MANY_REQUESTS' }),
      { status: 'granted', tokens: tokens(1) },
    ]);
    await result;
    expect(waits).toEqual([5, 10, 20]);
  });

  it.each([
    ['denied', { status: 'denied' }, 'forbidden'],
    ['expired', { status: 'expired' }, 'timeout'],
  ])('EL1 ends when the code is %s', async (_name, reply, errorCode) => {
    const { result } = await grant([reply]);
    await expect(result).rejects.toMatchObject({ code: errorCode });
  });

  it('EL1 ends by its own clock when the server never decides', async () => {
    const { result, waits } = await grant(
      Array.from({ length: 50 }, () => ({ status: 'pending', interval: 5 })),
      100,
    );
    await expect(result).rejects.toMatchObject({ code: 'timeout' });
    expect(waits).toHaveLength(20);
  });
});

describe('loopback sign-in', () => {
  const start = () => startLoopbackSignIn({ api: createApiClient(gateway.url), about: { ...about, kind: 'desktop' } });

  it('EL1 listens on 127.0.0.1 only, checks the state, proves itself with S256 and closes after use', async () => {
    let exchanged: { codeVerifier: string; code: string; redirectUri: string } | undefined;
    gateway.http = {
      'auth.pkceExchange': (input) => {
        exchanged = input as typeof exchanged;
        return tokens(1);
      },
    };
    const signIn = await start();
    const query = new URL(signIn.url).searchParams;
    const callback = new URL(query.get('redirect_uri')!);
    expect(callback.hostname).toBe('127.0.0.1');
    for (const wrong of ['?code=stolen&state=guess', '?code=stolen', `x?code=c&state=${query.get('state')}`]) {
      expect((await fetch(`${callback}${wrong}`)).status).toBe(404);
    }
    expect(exchanged).toBeUndefined();
    const page = await fetch(`${callback}?code=the-code&state=${query.get('state')}`);
    expect(page.status).toBe(200);
    expect(await signIn.tokens).toEqual(tokens(1));
    expect(exchanged).toMatchObject({ code: 'the-code', redirectUri: callback.toString() });
    expect(createHash('sha256').update(exchanged!.codeVerifier).digest('base64url')).toBe(query.get('code_challenge'));
    await expect(fetch(callback)).rejects.toThrow();
  });

  it('EL1 a refusal and a cancel end it', async () => {
    const refused = await start();
    const query = new URL(refused.url).searchParams;
    await fetch(`${query.get('redirect_uri')}?error=access_denied&state=${query.get('state')}`);
    await expect(refused.tokens).rejects.toMatchObject({ code: 'forbidden' });
    const cancelled = await start();
    cancelled.cancel();
    await expect(cancelled.tokens).rejects.toMatchObject({ code: 'timeout' });
  });
});

describe('token manager', () => {
  let now: number;
  let store: ReturnType<typeof memoryStore>;
  let refreshes: string[];
  beforeEach(() => {
    now = 1_000_000;
    refreshes = [];
    store = memoryStore();
    gateway.http = {
      'auth.refresh': (input) => {
        refreshes.push((input as { refreshToken: string }).refreshToken);
        return tokens(refreshes.length + 1);
      },
    };
  });
  const manager = () => new TokenManager({ store, api: createApiClient(gateway.url), log: silentLog, now: () => now });

  it('EL2 renews ahead of time, once for many callers, and stores before use', async () => {
    const m = manager();
    await m.signIn(tokens(1));
    expect(await m.accessToken()).toBe('access-1');
    now += 520_000;
    const all = await Promise.all([m.accessToken(), m.accessToken(), m.accessToken()]);
    expect(all).toEqual(['access-2', 'access-2', 'access-2']);
    expect(refreshes).toEqual(['refresh-1']);
    expect(store.saved.at(-1)?.refreshToken).toBe('refresh-2');
  });

  it('EL2 a crash after the rotation does not lose it: the store has the new pair before anyone sees it', async () => {
    const m = manager();
    await m.signIn(tokens(1));
    now += 520_000;
    let seen: string | undefined;
    store.onSave = () => {
      seen ??= 'stored';
    };
    await m.accessToken().then(() => expect(seen).toBe('stored'));
    const next = manager();
    await next.load();
    expect(await next.accessToken()).toBe('access-2');
  });

  it('EL2 takes what another process of the device renewed instead of using an old token again', async () => {
    const m = manager();
    await m.signIn(tokens(1));
    store.saved.push({ ...tokens(7), obtainedAt: now + 520_000 });
    now += 520_000;
    expect(await m.accessToken()).toBe('access-7');
    expect(refreshes).toEqual([]);
  });

  it('EL2 a refused token is renewed', async () => {
    const m = manager();
    await m.signIn(tokens(1));
    m.refused('access-1');
    expect(await m.accessToken()).toBe('access-2');
  });

  it('EL2 signed out elsewhere: asks to sign in and keeps whose device it is', async () => {
    gateway.http = {
      'auth.refresh': () => {
        throw new GatewayError({ code: 'UNAUTHORIZED' });
      },
    };
    const m = manager();
    await m.signIn(tokens(1));
    now += 600_000;
    await expect(m.accessToken()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(m.state).toBe('needs_sign_in');
    expect(m.identity).toMatchObject({ deviceId: DEVICE_ID });
    await m.signIn(tokens(9));
    expect(await m.accessToken()).toBe('access-9');
  });

  it('EL2 an answer that never comes is given up, and asked for again with the same token', async () => {
    const { 'auth.refresh': answer } = gateway.http;
    gateway.http['auth.refresh'] = () => new Promise(() => {});
    const m = new TokenManager({ store, api: createApiClient(gateway.url), log: silentLog, now: () => now, patienceMs: 50 });
    await m.signIn(tokens(1));
    now += 520_000;
    for (let tries = 0; tries < 2; tries++) await expect(m.accessToken()).rejects.toMatchObject({ code: 'unavailable' });
    expect(m.state).toBe('signed_in');
    gateway.http['auth.refresh'] = answer!;
    const next = manager();
    await next.load();
    expect([await next.accessToken(), refreshes]).toEqual(['access-2', ['refresh-1']]);
  });

  it('EL2 a server that is away does not sign anyone out', async () => {
    const m = manager();
    await m.signIn(tokens(1));
    now += 600_000;
    await gateway.close();
    await expect(m.accessToken()).rejects.toMatchObject({ code: 'unavailable' });
    expect(m.state).toBe('signed_in');
    gateway = await startFakeGateway();
  });

  it('EL2 a full disk does not lose the pair: it is used and stored later', async () => {
    const m = manager();
    await m.signIn(tokens(1));
    now += 520_000;
    store.broken = true;
    expect(await m.accessToken()).toBe('access-2');
    store.broken = false;
    expect(await m.accessToken()).toBe('access-2');
    expect(store.saved.at(-1)?.refreshToken).toBe('refresh-2');
  });

  it('signing out forgets the tokens, also when the server is away', async () => {
    const m = manager();
    await m.signIn(tokens(1));
    await m.signOut();
    expect(await store.load()).toBeNull();
    await expect(m.accessToken()).rejects.toBeInstanceOf(AppError);
  });
});

function memoryStore(): CredentialStore & { saved: StoredCredentials[]; broken: boolean; onSave: () => void } {
  const store = {
    description: 'memory',
    saved: [] as StoredCredentials[],
    broken: false,
    onSave: () => {},
    load: async () => store.saved.at(-1) ?? null,
    save: async (credentials: StoredCredentials) => {
      if (store.broken) throw new Error('disk full');
      store.onSave();
      store.saved.push(credentials);
    },
    clear: async () => {
      store.saved.length = 0;
    },
  };
  return store;
}
