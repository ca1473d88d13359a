import { id } from '@markco/core/ids';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';

/** EL2: seconds an access token of a device lives. */
export const ACCESS_TTL_S = 600;
const AUDIENCE = 'markco-api';

/** `fam`: the refresh family, so that a token of an earlier sign-in stays dead when the device signs in again. */
const claims = z.object({ sub: id, did: id, fam: id, name: z.string().nullable().default(null) });
export type DeviceClaims = z.infer<typeof claims>;

/** A signed access token (JWT, HS256) for ten minutes. */
export function signDeviceToken(secret: Uint8Array, { sub, did, fam, name }: DeviceClaims, now: Date): Promise<string> {
  const issued = Math.floor(now.getTime() / 1000);
  return new SignJWT({ did, fam, name })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(sub)
    .setAudience(AUDIENCE)
    .setIssuedAt(issued)
    .setExpirationTime(issued + ACCESS_TTL_S)
    .sign(secret);
}

/** What a token says, or null where it is forged, expired or for something else. */
export async function verifyDeviceToken(secret: Uint8Array, token: string, now: Date): Promise<DeviceClaims | null> {
  try {
    const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'], audience: AUDIENCE, currentDate: now });
    return claims.parse(payload);
  } catch {
    return null;
  }
}
