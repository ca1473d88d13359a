import { docPathToUrl, parseDocPath } from '@markco/core/project/doc-path';
import { TICKET_TTL_S, type TicketClaims } from '@markco/core/sync/ticket';
import { SignJWT } from 'jose';

/** Signs a relay ticket (SY3): HS256, audience `markco-relay`, five minutes. */
export async function signTicket(secret: Uint8Array, claims: TicketClaims, now: Date): Promise<{ token: string; expiresAt: Date }> {
  const issued = Math.floor(now.getTime() / 1000);
  const { sub, ...rest } = claims;
  const token = await new SignJWT(rest)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(sub)
    .setAudience('markco-relay')
    .setIssuedAt(issued)
    .setExpirationTime(issued + TICKET_TTL_S)
    .sign(secret);
  return { token, expiresAt: new Date((issued + TICKET_TTL_S) * 1000) };
}

/** The relay's address of a document (SY1), without the token. `base`: `ws(s)://host`. */
export function ticketUrl(base: string, document: { userId: string; project: string; docPath: string }): string {
  const parsed = parseDocPath(document.docPath);
  if (!parsed.ok) throw new Error(`a stored path is not valid: ${parsed.reason}`);
  return `${base}/sync/${document.userId}/${encodeURIComponent(document.project)}/${docPathToUrl(parsed.path)}`;
}
