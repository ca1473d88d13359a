import { createHmac, timingSafeEqual } from 'node:crypto';

/** Seconds a signed address lives. */
export const ASSET_ADDRESS_TTL_S = 3600;

const signature = (secret: Uint8Array, userId: string, sha256: string, expires: number): string =>
  createHmac('sha256', secret).update(`asset ${userId} ${sha256} ${expires}`).digest('base64url');

/** RU19: a path that whoever holds it may fetch for an hour: it names the owner, the bytes and its end, and is signed. */
export function signAssetAddress(secret: Uint8Array, userId: string, sha256: string, now: Date): string {
  const expires = Math.floor(now.getTime() / 1000) + ASSET_ADDRESS_TTL_S;
  return `/api/assets/${sha256}?user=${userId}&expires=${expires}&signature=${signature(secret, userId, sha256, expires)}`;
}

/** The owner a signed address speaks for; null where it is forged, for other bytes, or over. */
export function verifyAssetAddress(
  secret: Uint8Array,
  sha256: string,
  query: { user?: string; expires?: string; signature?: string },
  now: Date,
): string | null {
  const expires = Number(query.expires);
  if (!query.user || !query.signature || !Number.isInteger(expires) || expires * 1000 < now.getTime()) return null;
  const wanted = Buffer.from(signature(secret, query.user, sha256, expires));
  const given = Buffer.from(query.signature);
  return wanted.length === given.length && timingSafeEqual(wanted, given) ? query.user : null;
}
