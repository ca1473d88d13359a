import { type TicketClaims, ticketClaims } from '@markco/core/sync/ticket';
import { jwtVerify } from 'jose';

/** SY3: what a ticket says and when it expires (ms), or null where it is forged, expired or for something else. */
export async function verifyTicket(secret: Uint8Array, token: string, now: Date): Promise<(TicketClaims & { expiresAt: number }) | null> {
  try {
    const { payload } = await jwtVerify(token, await keyOf(secret), {
      algorithms: ['HS256'],
      audience: 'markco-relay',
      currentDate: now,
      requiredClaims: ['exp', 'sub'],
    });
    return { ...ticketClaims.parse(payload), expiresAt: payload.exp! * 1000 };
  } catch {
    return null;
  }
}

const keys = new WeakMap<Uint8Array, Promise<CryptoKey>>();

/** Made once: jose would make it anew for every ticket. */
function keyOf(secret: Uint8Array): Promise<CryptoKey> {
  let key = keys.get(secret);
  if (!key) {
    key = crypto.subtle.importKey('raw', new Uint8Array(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
    keys.set(secret, key);
  }
  return key;
}
