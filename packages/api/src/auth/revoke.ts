import type { Tx } from '@markco/db/client';
import type { Resources } from '../resources.ts';

type Need = Pick<Resources, 'bus' | 'clock'>;

/** SE2: signs a device out for good: its refresh tokens are dead and its sockets close within 2 s. Signing in again brings it back. */
export async function revokeDevice(tx: Tx, resources: Need, device: { userId: string; deviceId: string }): Promise<void> {
  const { userId, deviceId } = device;
  const revokedAt = resources.clock.now();
  await tx.device.updateMany({ where: { id: deviceId, userId, revokedAt: null }, data: { revokedAt, presence: 'offline' } });
  await tx.refreshToken.updateMany({ where: { deviceId, userId, revokedAt: null }, data: { revokedAt } });
  tx.afterCommit(() => resources.bus.publish({ topic: 'access.changed', userId, sid: deviceId }));
  tx.afterCommit(() => resources.bus.publish({ topic: 'devices.changed', userId }));
}

/** Ends a browser session. */
export async function revokeSession(tx: Tx, resources: Need, session: { userId: string; id: string }): Promise<boolean> {
  const { count } = await tx.session.deleteMany({ where: session });
  tx.afterCommit(() => resources.bus.publish({ topic: 'access.changed', userId: session.userId, sid: session.id }));
  return count > 0;
}

/** Ends a personal access token. */
export async function revokeAccessToken(tx: Tx, resources: Need, token: { userId: string; id: string }): Promise<boolean> {
  const { count } = await tx.accessToken.updateMany({ where: { ...token, revokedAt: null }, data: { revokedAt: resources.clock.now() } });
  tx.afterCommit(() => resources.bus.publish({ topic: 'access.changed', userId: token.userId, sid: token.id }));
  return count > 0;
}
