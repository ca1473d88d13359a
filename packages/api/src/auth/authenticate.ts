import type { Resources } from '../resources.ts';
import { deviceStandsNow, devicesStandNow } from './access-cache.ts';
import { verifyDeviceToken } from './device-token.ts';
import { sameText, sha256Hex } from './hash.ts';
import { isOwnOrigin } from './origin.ts';
import type { Principal } from './principal.ts';
import { readCookies, SESSION_COOKIES } from './session-cookie.ts';

/** The part of a request that can carry a credential. */
export interface Credentials {
  headers: { authorization?: string | undefined; cookie?: string | undefined; origin?: string | undefined; host?: string | undefined };
  /** Of a WebSocket: `connectionParams.token`. */
  token?: string | undefined;
  /** True where a cookie alone is not enough: sockets, and requests that change something. */
  needsOrigin: boolean;
}

/** Personal access tokens start with this. */
export const TOKEN_PREFIX = 'mk_';

type Need = Pick<Resources, 'db' | 'sql' | 'secret' | 'clock' | 'access' | 'publicUrl'>;

/**
 * Who sends the request, or null (SE2). A token counts before a cookie; a token that does not stand is never replaced by
 * the cookie beside it. Headers such as X-User-Id mean nothing.
 */
export async function authenticate(resources: Need, credentials: Credentials): Promise<Principal | null> {
  const token = credentials.token ?? bearer(credentials.headers.authorization);
  if (token !== undefined) return token.startsWith(TOKEN_PREFIX) ? byAccessToken(resources, token) : byDeviceToken(resources, token);
  const session = await bySessionCookie(resources, credentials.headers.cookie);
  if (session && credentials.needsOrigin && !isOwnOrigin(credentials.headers, resources.publicUrl)) return null;
  return session;
}

/** SE2: whether what `principal` signed in with still stands; asked again for sockets that stay open. */
export async function stillStands(resources: Need, { kind, sid, userId, familyId }: Principal): Promise<boolean> {
  const now = resources.clock.now();
  if (kind === 'device') return familyId !== undefined && deviceStandsNow(resources.sql, { deviceId: sid, userId, familyId });
  if (kind === 'session') return (await resources.db.session.count({ where: { id: sid, userId, expires: { gt: now } } })) > 0;
  const valid = { revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
  return (await resources.db.accessToken.count({ where: { id: sid, userId, ...valid } })) > 0;
}

/** SE2: those of `principals` whose sign-in is gone; devices are asked for together. */
export async function fallen(resources: Need, principals: readonly Principal[]): Promise<Principal[]> {
  const devices = principals.flatMap((one) => {
    const { kind, sid: deviceId, familyId } = one;
    return kind === 'device' && familyId !== undefined ? [{ deviceId, userId: one.userId, familyId, of: one }] : [];
  });
  const standing = await devicesStandNow(resources.sql, devices);
  const gone = devices.filter((one) => !standing.has(one)).map((one) => one.of);
  const asked = new Set(devices.map((one) => one.of));
  for (const one of principals) if (!asked.has(one) && !(await stillStands(resources, one))) gone.push(one);
  return gone;
}

function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header.trim())?.[1];
}

async function byDeviceToken(resources: Need, token: string): Promise<Principal | null> {
  const claims = await verifyDeviceToken(resources.secret, token, resources.clock.now());
  if (!claims) return null;
  const device = { deviceId: claims.did, userId: claims.sub, familyId: claims.fam };
  return (await resources.access.deviceStands(device)) ? { ...device, kind: 'device', sid: claims.did, userName: claims.name } : null;
}

async function byAccessToken(resources: Need, token: string): Promise<Principal | null> {
  const hash = sha256Hex(token);
  const row = await resources.access.token(hash);
  const now = resources.clock.now();
  if (!row || !sameText(row.tokenHash, hash) || row.revokedAt || (row.expiresAt && row.expiresAt <= now)) return null;
  if (!row.lastUsedAt || now.getTime() - row.lastUsedAt.getTime() > 60_000) {
    await resources.db.accessToken.updateMany({ where: { id: row.id }, data: { lastUsedAt: now } });
    row.lastUsedAt = now;
  }
  return { userId: row.userId, kind: row.scope === 'worker' ? 'worker' : 'token', sid: row.id, userName: row.userName };
}

async function bySessionCookie(resources: Need, header: string | undefined): Promise<Principal | null> {
  const cookies = readCookies(header);
  const value = SESSION_COOKIES.map((name) => cookies.get(name)).find((found) => found !== undefined);
  if (!value) return null;
  const row = await resources.db.session.findUnique({ where: { sessionToken: value }, include: { user: { select: { name: true } } } });
  if (!row || row.expires <= resources.clock.now()) return null;
  return { userId: row.userId, kind: 'session', sid: row.id, userName: row.user.name };
}
