import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { id } from '@markco/core/ids';
import { uuidArray } from '@markco/db/binary-array';
import type { Db } from '@markco/db/client';
import type { Statement, StatementLane } from '@markco/db/statement-lane';

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

/** How {@link standing} names a session, device or token of a person. */
export const standingKey = (userId: string, sid: string): string => `${userId} ${sid}`;

const READ_STANDING: Statement = {
  name: 'read_standing',
  text: `
    SELECT id::text, user_id::text FROM sessions WHERE id = ANY($1::uuid[]) AND expires > $2::timestamptz
    UNION ALL SELECT id::text, user_id::text FROM devices WHERE id = ANY($1::uuid[]) AND revoked_at IS NULL
    UNION ALL SELECT id::text, user_id::text FROM access_tokens WHERE id = ANY($1::uuid[]) AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > $2::timestamptz)`,
};

/** SE2: which of these sessions, devices and tokens still stand. */
export async function standing(lane: StatementLane, keys: readonly string[], now: Date): Promise<Map<string, true>> {
  const ids = keys.map((key) => key.slice(key.indexOf(' ') + 1)).filter((sid) => id.safeParse(sid).success);
  const rows = await lane.run<{ id: string; user_id: string }>(READ_STANDING, [uuidArray(ids), now.toISOString()]);
  return new Map(rows.map((row) => [standingKey(row.user_id, row.id), true]));
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
