import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** SHA-256 hex of a credential: what is kept of tokens and codes with 256 bits of chance (SE3). */
export const sha256Hex = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** A credential nobody can guess: `prefix` and 256 random bits. */
export const randomToken = (prefix: string): string => `${prefix}${randomBytes(32).toString('base64url')}`;

/** Compares in constant time, also where the lengths differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
