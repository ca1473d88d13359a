import { randomUUID } from 'node:crypto';
import type { DeviceTokens } from '@markco/core/contract/auth';
import type { Tx } from '@markco/db/client';
import type { Resources } from '../resources.ts';
import { ACCESS_TTL_S, signDeviceToken } from './device-token.ts';
import { randomToken, sha256Hex } from './hash.ts';

/** Days a device may stay away before it has to sign in again; counted anew at every refresh. */
const REFRESH_DAYS = 90;

/** What issuing needs: the whole of Resources, or less (the operator's commands have no server). */
export type Issuer = Pick<Resources, 'secret' | 'clock'>;

export interface AboutDevice {
  name: string;
  kind: string;
  platform: string;
  /** Signing in again as the device it was before, if that is this person's. */
  deviceId?: string | null | undefined;
}

/** EL2: signs a device in: its row, the first refresh token of a new family, and an access token. */
export async function signInDevice(tx: Tx, issuer: Issuer, userId: string, about: AboutDevice): Promise<DeviceTokens> {
  const shown = { name: about.name, kind: about.kind, platform: about.platform };
  const known = about.deviceId ? await tx.device.findFirst({ where: { id: about.deviceId, userId } }) : null;
  const device = known
    ? await tx.device.update({ where: { id: known.id }, data: { ...shown, revokedAt: null } })
    : await tx.device.create({ data: { ...shown, userId } });
  return issuePair(tx, issuer, { userId, deviceId: device.id, familyId: randomUUID() });
}

/** A new pair in a family; `replaces` is the refresh token that was used for it. */
export async function issuePair(
  tx: Tx,
  issuer: Issuer,
  given: { userId: string; deviceId: string; familyId: string; replaces?: string },
): Promise<DeviceTokens> {
  const { userId, deviceId, familyId } = given;
  const now = issuer.clock.now();
  const refreshToken = randomToken('mkr_');
  const expiresAt = new Date(now.getTime() + REFRESH_DAYS * 86_400_000);
  const row = await tx.refreshToken.create({
    data: { userId, deviceId, familyId, tokenHash: sha256Hex(refreshToken), createdAt: now, expiresAt },
  });
  if (given.replaces)
    await tx.refreshToken.updateMany({ where: { id: given.replaces, usedAt: null }, data: { usedAt: now, replacedBy: row.id } });
  const { name } = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { name: true } });
  const accessToken = await signDeviceToken(issuer.secret, { sub: userId, did: deviceId, fam: familyId, name }, now);
  return { accessToken, refreshToken, expiresIn: ACCESS_TTL_S, deviceId, userId, userName: name };
}
