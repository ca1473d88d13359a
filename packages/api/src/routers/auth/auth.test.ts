import { createHash, randomBytes } from 'node:crypto';
import type { BusMessage } from '@markco/core/bus';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { authenticate } from '../../auth/authenticate.ts';
import type { Principal } from '../../auth/principal.ts';
import { as, codeOf } from '../../test-support/call.ts';
import { type TestResources, testPerson, testResources } from '../../test-support/test-resources.ts';

let resources: TestResources;
let ada: Principal & { sessionToken: string };
beforeAll(async () => {
  resources = await testResources();
});
afterAll(() => resources.drop());
beforeEach(async () => {
  ada = await testPerson(resources);
  // Rate limits are another test's.
  resources.advance(600_000);
});

const laptop = { name: 'Laptop', kind: 'headless', platform: 'linux' } as const;
const byToken = (token: string) => authenticate(resources, { headers: {}, token, needsOrigin: true });

async function signedIn(deviceId?: string) {
  const started = await as(resources, null).auth.deviceStart({ ...laptop, deviceId });
  await as(resources, ada).auth.deviceDecide({ userCode: started.userCode, approve: true });
  const poll = await as(resources, null).auth.devicePoll({ deviceCode: started.deviceCode });
  if (poll.status !== 'granted') throw new Error(poll.status);
  return poll.tokens;
}

describe('device code (EL1, RFC 8628)', () => {
  it('gives tokens once, after the person saw the name and agreed', async () => {
    const anyone = as(resources, null);
    const started = await anyone.auth.deviceStart(laptop);
    expect(started.verificationUriComplete).toContain(started.userCode);
    expect(await anyone.auth.devicePoll({ deviceCode: started.deviceCode })).toEqual({ status: 'pending', interval: 5 });
    const typed = started.userCode.toLowerCase().replace('-', ' ');
    expect(await as(resources, ada).auth.deviceLookup({ userCode: typed })).toMatchObject(laptop);
    await as(resources, ada).auth.deviceDecide({ userCode: typed, approve: true });
    const granted = await anyone.auth.devicePoll({ deviceCode: started.deviceCode });
    expect(granted).toMatchObject({ status: 'granted', tokens: { userId: ada.userId, expiresIn: 600 } });
    expect(await anyone.auth.devicePoll({ deviceCode: started.deviceCode })).toEqual({ status: 'expired' });
  });

  it('answers slow_down and a longer interval to a device that asks too often', async () => {
    const { deviceCode } = await as(resources, null).auth.deviceStart(laptop);
    const poll = () => as(resources, null).auth.devicePoll({ deviceCode });
    expect(await poll()).toEqual({ status: 'pending', interval: 5 });
    expect(await poll()).toEqual({ status: 'slow_down', interval: 10 });
    resources.advance(6_000);
    expect(await poll()).toEqual({ status: 'slow_down', interval: 15 });
    resources.advance(15_000);
    expect(await poll()).toEqual({ status: 'pending', interval: 15 });
  });

  it('ends when denied or after fifteen minutes, and is decided once', async () => {
    const anyone = as(resources, null);
    const denied = await anyone.auth.deviceStart(laptop);
    await as(resources, ada).auth.deviceDecide({ userCode: denied.userCode, approve: false });
    expect(await codeOf(as(resources, ada).auth.deviceDecide({ userCode: denied.userCode, approve: true }))).toBe('not_found');
    expect(await anyone.auth.devicePoll({ deviceCode: denied.deviceCode })).toEqual({ status: 'denied' });
    const late = await anyone.auth.deviceStart(laptop);
    resources.advance(15 * 60_000 + 1);
    expect(await anyone.auth.devicePoll({ deviceCode: late.deviceCode })).toEqual({ status: 'expired' });
    expect(await codeOf(as(resources, ada).auth.deviceLookup({ userCode: late.userCode }))).toBe('not_found');
  });

  it('keeps the device when it signs in again, but never takes over another person’s', async () => {
    const first = await signedIn();
    expect((await signedIn(first.deviceId)).deviceId).toBe(first.deviceId);
    ada = await testPerson(resources, 'Bob');
    expect((await signedIn(first.deviceId)).deviceId).not.toBe(first.deviceId);
  });
});

describe('PKCE (EL1, RFC 8252, RFC 7636)', () => {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const redirectUri = 'http://127.0.0.1:51234/callback';
  const ask = { ...laptop, kind: 'desktop', codeChallenge: challenge, redirectUri, state: 'state-123' } as const;
  const authorize = async () => new URL((await as(resources, ada).auth.pkceAuthorize(ask)).redirectTo);

  it('hands the code to a loopback address and tokens to who knows the verifier, once', async () => {
    const to = await authorize();
    expect(to.origin).toBe('http://127.0.0.1:51234');
    expect(to.searchParams.get('state')).toBe('state-123');
    const exchange = { code: to.searchParams.get('code')!, codeVerifier: verifier, redirectUri };
    const tokens = await as(resources, null).auth.pkceExchange(exchange);
    expect(await byToken(tokens.accessToken)).toMatchObject({ kind: 'device', userId: ada.userId, deviceId: tokens.deviceId });
    expect(await codeOf(as(resources, null).auth.pkceExchange(exchange))).toBe('unauthenticated');
  });

  it('refuses another verifier, another address and a late exchange', async () => {
    const code = (await authorize()).searchParams.get('code')!;
    const exchange = (change: object) =>
      codeOf(as(resources, null).auth.pkceExchange({ code, codeVerifier: verifier, redirectUri, ...change }));
    expect(await exchange({ codeVerifier: 'x'.repeat(43) })).toBe('unauthenticated');
    expect(await exchange({ redirectUri: 'http://127.0.0.1:51235/callback' })).toBe('unauthenticated');
    resources.advance(3 * 60_000);
    expect(await exchange({})).toBe('unauthenticated');
  });

  it.each([
    'https://evil.example/cb',
    'http://localhost:5000/cb',
    'http://127.0.0.1.evil.example:1/cb',
    'http://u@127.0.0.1:1/',
    'http://127.0.0.1/cb',
    'javascript:alert(1)',
  ])('never sends a code to %s', async (bad) => {
    expect(await codeOf(as(resources, ada).auth.pkceAuthorize({ ...ask, redirectUri: bad }))).toBe('bad_request');
  });
});

describe('refresh tokens (EL2)', () => {
  it('rotates, and gives a valid pair again within the grace of 30 s', async () => {
    const first = await signedIn();
    const refresh = (refreshToken: string) => as(resources, null).auth.refresh({ refreshToken });
    const second = await refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    resources.advance(29_000);
    const again = await refresh(first.refreshToken);
    expect(await byToken(again.accessToken)).toMatchObject({ deviceId: first.deviceId });
    expect(await byToken((await refresh(again.refreshToken)).accessToken)).not.toBeNull();
  });

  it('gives a valid pair again after any sleep, where the answer was lost and nobody used what followed', async () => {
    const first = await signedIn();
    const refresh = (refreshToken: string) => as(resources, null).auth.refresh({ refreshToken });
    for (let i = 0; i < 2; i++) {
      await refresh(first.refreshToken);
      resources.advance(12 * 3_600_000);
    }
    const awake = await refresh(first.refreshToken);
    resources.advance(600_000);
    const next = await refresh(awake.refreshToken);
    expect(await byToken(next.accessToken)).toMatchObject({ deviceId: first.deviceId });
    resources.advance(31_000);
    expect(await codeOf(refresh(first.refreshToken)), 'its successor was used').toBe('unauthenticated');
    expect(await codeOf(refresh(next.refreshToken))).toBe('unauthenticated');
  });

  it('signs the device out when both a used token and what followed it are in use, in either order', async () => {
    const refresh = (refreshToken: string) => as(resources, null).auth.refresh({ refreshToken });
    for (const thiefGoesOn of [true, false]) {
      const first = await signedIn();
      const own = await refresh(first.refreshToken);
      resources.advance(3_600_000);
      const stolen = await refresh(first.refreshToken);
      resources.advance(60_000);
      const last = thiefGoesOn ? await refresh(stolen.refreshToken) : stolen;
      expect(await codeOf(refresh(own.refreshToken))).toBe('unauthenticated');
      expect(await byToken(last.accessToken)).toBeNull();
      expect(await codeOf(refresh(last.refreshToken))).toBe('unauthenticated');
    }
  });

  it('a token of an earlier sign-in says nothing about the one that goes on', async () => {
    const first = await signedIn();
    const refresh = (refreshToken: string) => as(resources, null).auth.refresh({ refreshToken });
    await refresh(first.refreshToken);
    await as(resources, (await byToken(first.accessToken))!).auth.signOutDevice();
    const back = await signedIn(first.deviceId);
    resources.advance(60_000);
    expect(await codeOf(refresh(first.refreshToken))).toBe('unauthenticated');
    expect(await byToken((await refresh(back.refreshToken)).accessToken)).not.toBeNull();
  });

  it('of two that come at once with a used token and with what followed it, at most one sign-in goes on', async () => {
    const refresh = (refreshToken: string) => as(resources, null).auth.refresh({ refreshToken });
    const first = await signedIn();
    const own = await refresh(first.refreshToken);
    resources.advance(3_600_000);
    const both = await Promise.allSettled([first, own].map(({ refreshToken }) => refresh(refreshToken)));
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('revokes the whole family and says so on the bus when an old token is used later', async () => {
    const heard = vi.fn<(message: BusMessage) => void>();
    resources.bus.subscribe('access.changed', heard);
    const first = await signedIn();
    const refresh = (refreshToken: string) => codeOf(as(resources, null).auth.refresh({ refreshToken }));
    resources.advance(600_000);
    const used = await as(resources, null).auth.refresh({ refreshToken: first.refreshToken });
    resources.advance(600_000);
    const second = await as(resources, null).auth.refresh({ refreshToken: used.refreshToken });
    resources.advance(31_000);
    expect(await refresh(first.refreshToken)).toBe('unauthenticated');
    expect(await refresh(second.refreshToken)).toBe('unauthenticated');
    expect(heard).toHaveBeenCalledWith({ topic: 'access.changed', userId: ada.userId, sid: first.deviceId });
    expect(await byToken(second.accessToken)).toBeNull();
    const back = await signedIn(first.deviceId);
    expect(back.deviceId).toBe(first.deviceId);
    expect(await byToken(back.accessToken)).not.toBeNull();
    expect(await byToken(second.accessToken), 'a token of the earlier sign-in stays dead').toBeNull();
  });

  it('ends access tokens after ten minutes, and all of them when the device signs out', async () => {
    const tokens = await signedIn();
    const device = (await byToken(tokens.accessToken))!;
    resources.advance(9 * 60_000);
    expect(await byToken(tokens.accessToken)).not.toBeNull();
    await as(resources, device).auth.signOutDevice();
    await vi.waitFor(async () => expect(await byToken(tokens.accessToken)).toBeNull(), 60_000);
    expect(await codeOf(as(resources, null).auth.refresh({ refreshToken: tokens.refreshToken }))).toBe('unauthenticated');
    const next = await signedIn();
    resources.advance(10 * 60_000 + 1);
    expect(await byToken(next.accessToken)).toBeNull();
  });
});

describe('who acts (SE2)', () => {
  const cookie = () => `next-auth.session-token=${ada.sessionToken}`;
  const from = (headers: object, needsOrigin = true) => authenticate(resources, { headers, needsOrigin });

  it('takes a session cookie, on sockets and changes only from an own page', async () => {
    expect(await from({ cookie: cookie() }, false)).toMatchObject({ userId: ada.userId, kind: 'session' });
    expect(await from({ cookie: cookie() })).toBeNull();
    expect(await from({ cookie: cookie(), origin: 'https://evil.example', host: 'localhost:3000' })).toBeNull();
    expect(await from({ cookie: cookie(), origin: 'http://localhost:3000', host: 'other' })).toMatchObject({ userId: ada.userId });
    expect(await from({ cookie: cookie(), origin: 'http://192.168.0.2:3000', host: '192.168.0.2:3000' })).toMatchObject({
      userId: ada.userId,
    });
    expect(await from({ cookie: cookie(), origin: 'null', host: 'localhost:3000' })).toBeNull();
  });

  it('does not fall back to the cookie where a token is wrong, and trusts no header that names a person', async () => {
    expect(await from({ cookie: cookie(), authorization: 'Bearer mk_wrong' }, false)).toBeNull();
    expect(await from({ 'x-user-id': ada.userId } as object, false)).toBeNull();
  });

  it('takes personal access tokens until they end or are revoked, and keeps only their hash', async () => {
    const me = as(resources, ada);
    const { token, view } = await me.auth.accessTokens.create({ name: 'script', expiresInDays: 1 });
    expect(await byToken(token)).toMatchObject({ kind: 'token', userId: ada.userId, sid: view.id });
    expect(JSON.stringify(await resources.db.accessToken.findMany())).not.toContain(token);
    expect(await codeOf(as(resources, await byToken(token)).auth.accessTokens.create({ name: 'more' }))).toBe('forbidden');
    resources.advance(86_400_001);
    expect(await byToken(token)).toBeNull();
    const second = await me.auth.accessTokens.create({ name: 'other' });
    await me.auth.accessTokens.revoke({ id: second.view.id });
    expect(await byToken(second.token)).toBeNull();
    expect(await codeOf(me.auth.accessTokens.revoke({ id: second.view.id }))).toBe('not_found');
  });

  it('lists and ends browser sessions', async () => {
    const me = as(resources, ada);
    const [session] = await me.auth.sessions.list();
    expect(session).toMatchObject({ id: ada.sid, current: true });
    await me.auth.sessions.revoke({ id: ada.sid });
    expect(await from({ cookie: cookie() }, false)).toBeNull();
  });
});

describe('settings', () => {
  it('keeps where runs go, and refuses another person’s device (SE1)', async () => {
    const { deviceId } = await signedIn();
    const me = as(resources, ada);
    const target = { kind: 'device', deviceId } as const;
    expect((await me.auth.updateSettings({ fallbackToCloud: false, defaultTarget: target })).settings).toEqual({
      fallbackToCloud: false,
      defaultTarget: target,
    });
    expect((await me.auth.updateSettings({ defaultTarget: null })).settings).toEqual({ fallbackToCloud: false, defaultTarget: null });
    const bob = await testPerson(resources, 'Bob');
    expect(await codeOf(as(resources, bob).auth.updateSettings({ defaultTarget: target }))).toBe('not_found');
  });
});
