import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { id } from '@markco/core/ids';
import type { Db } from '@markco/db/client';

/** Who a personal access token or a session cookie belongs to. `sid`: the row revocation names (SE2). */
export interface Bearer {
  readonly userId: string;
  readonly userName: string | null;
  readonly sid: string;
  readonly expiresAt: number;
}

// next-auth's names: behind TLS the prefixed one.
const SESSION_COOKIES = ['__Secure-next-auth.session-token', 'next-auth.session-token'];

/** The token of a request: of the Authorization header or, for stock clients, `?token=`. */
export function tokenOf(request: IncomingMessage): string | null {
  const header = /^Bearer +(\S+)$/i.exec(request.headers.authorization?.trim() ?? '');
  return header?.[1] ?? new URLSearchParams((request.url ?? '').split('?')[1]).get('token');
}

/** The owner of a personal access token, or null where it is unknown, expired or revoked. */
export async function byAccessToken(db: Db, token: string, now: Date): Promise<Bearer | null> {
  const tokenHash = createHash('sha256').update(token).digest('hex');
  const row = await db.accessToken.findUnique({ where: { tokenHash }, include: { user: { select: { name: true } } } });
  if (row?.scope !== 'user' || row.revokedAt || (row.expiresAt && row.expiresAt <= now)) return null;
  return { userId: row.userId, userName: row.user.name, sid: row.id, expiresAt: row.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY };
}

/** The person of a session cookie, where the request comes from one of our own pages (SE2). */
export async function bySession(db: Db, request: IncomingMessage, publicUrl: string, now: Date): Promise<Bearer | null> {
  const value = sessionCookie(request.headers.cookie);
  if (!value || !isOwnOrigin(request, publicUrl)) return null;
  const row = await db.session.findUnique({ where: { sessionToken: value }, include: { user: { select: { name: true } } } });
  if (!row || row.expires <= now) return null;
  return { userId: row.userId, userName: row.user.name, sid: row.id, expiresAt: row.expires.getTime() };
}

/** SE2: whether the session, device or token with this id still stands. */
export async function stillStands(db: Db, userId: string, sid: string, now: Date): Promise<boolean> {
  if (!id.safeParse(sid).success) return false;
  const [row] = await db.$queryRaw<{ stands: boolean }[]>`
    SELECT EXISTS (SELECT 1 FROM sessions WHERE id = ${sid}::uuid AND user_id = ${userId}::uuid AND expires > ${now})
        OR EXISTS (SELECT 1 FROM devices WHERE id = ${sid}::uuid AND user_id = ${userId}::uuid AND revoked_at IS NULL)
        OR EXISTS (SELECT 1 FROM access_tokens WHERE id = ${sid}::uuid AND user_id = ${userId}::uuid AND revoked_at IS NULL
                   AND (expires_at IS NULL OR expires_at > ${now})) AS stands`;
  return row?.stands ?? false;
}

function sessionCookie(header: string | undefined): string | null {
  const found = new Map<string, string>();
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    const name = part.slice(0, at).trim();
    if (at > 0 && !found.has(name)) found.set(name, part.slice(at + 1).trim());
  }
  for (const name of SESSION_COOKIES) {
    const value = found.get(name);
    if (value) return decode(value);
  }
  return null;
}

function isOwnOrigin(request: IncomingMessage, publicUrl: string): boolean {
  const { origin, host } = request.headers;
  if (!origin) return false;
  try {
    return origin === new URL(publicUrl).origin || new URL(origin).host === host;
  } catch {
    return false;
  }
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
