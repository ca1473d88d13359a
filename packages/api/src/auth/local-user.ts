import type { IncomingMessage } from 'node:http';
import type { DbOrTx, Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import type { Resources } from '../resources.ts';
import { randomToken } from './hash.ts';
import { isLoopbackAddress, isLoopbackHost } from './origin.ts';
import { sessionCookie } from './session-cookie.ts';

const SESSION_DAYS = 30;
// Any fixed number: two processes must not make two local users.
const LOCAL_USER_LOCK = 7_211_004_553;

/** The person at this computer, who needs no account; made at the first call. */
export async function localUser(tx: DbOrTx): Promise<{ id: string; name: string | null }> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${LOCAL_USER_LOCK})`;
  const select = { id: true, name: true };
  const found = await tx.user.findFirst({ where: { kind: 'local' }, select, orderBy: { createdAt: 'asc' } });
  return found ?? tx.user.create({ data: { kind: 'local', name: 'You' }, select });
}

/** A new browser session, as next-auth keeps them. */
export async function createSession(tx: DbOrTx, userId: string, now: Date): Promise<{ token: string; expires: Date }> {
  const token = randomToken('');
  const expires = new Date(now.getTime() + SESSION_DAYS * 86_400_000);
  await tx.session.create({ data: { userId, sessionToken: token, expires, createdAt: now } });
  return { token, expires };
}

/**
 * Signs the person at this computer in without asking. Null unless the installation allows it and the request comes straight
 * from this computer, under a name that only this computer has: not through a proxy, and not from a page that merely resolves here.
 */
export async function localSignIn(resources: Resources, req: IncomingMessage): Promise<{ userId: string; cookie: string } | null> {
  const proxied = req.headers['x-forwarded-for'] !== undefined || req.headers.forwarded !== undefined;
  const here = isLoopbackAddress(req.socket.remoteAddress) && isLoopbackHost(req.headers.host);
  if (!resources.allowLocalUser || proxied || !here) return null;
  const { id, session } = await inTx(resources.db, async (tx: Tx) => {
    const user = await localUser(tx);
    return { id: user.id, session: await createSession(tx, user.id, resources.clock.now()) };
  });
  return { userId: id, cookie: sessionCookie(session.token, session.expires, false) };
}
