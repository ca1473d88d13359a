import type { RegisterMessage } from '@markco/core/device/agent-message';
import { AGENT_PROTOCOL_VERSION } from '@markco/core/device/constants';
import { AppError, notFound } from '@markco/core/errors';
import type { Tx } from '@markco/db/client';
import type { Device } from '@markco/db/generated/client';
import { inTx } from '@markco/db/in-tx';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { endLostSessions } from './end-lost-sessions.ts';
import { reportPresence } from './report-presence.ts';
import { storeCapabilities } from './store-capabilities.ts';

/**
 * AG1, AG2: a device says hello on a new socket: its row becomes online and names this connection, the newest. A worker makes its row
 * at the first hello.
 * @throws AppError forbidden (another device's id), unauthenticated (revoked), switched_off (OP1), bad_request (protocol)
 */
export async function registerDevice(
  resources: Resources,
  principal: Principal,
  hello: RegisterMessage,
  connectionId: string,
): Promise<Device> {
  if (hello.protocol < 1 || hello.protocol > AGENT_PROTOCOL_VERSION + 100)
    throw new AppError('bad_request', 'This agent speaks an unknown protocol version. Update it.');
  const worker = principal.kind === 'worker';
  if (!worker && principal.deviceId !== hello.deviceId)
    throw new AppError('forbidden', 'This sign-in belongs to another device. Sign in again on this one.');
  if ((hello.kind === 'worker') !== worker)
    throw new AppError('forbidden', 'Only a service credential may register a worker, and nothing else.');
  const at = resources.clock.now();
  return inTx(resources.db, async (tx) => {
    const before = await findOrMakeDevice(tx, principal, hello);
    if (!worker) await refuseWhenOff(resources, tx, before);
    const device = await tx.device.update({
      where: { id: before.id },
      data: {
        platform: hello.platform,
        agentVersion: hello.version,
        kind: hello.kind,
        bootId: hello.bootId,
        connectionId,
        presence: 'online',
        lastSeenAt: at,
      },
    });
    await storeCapabilities(tx, device.id, hello.capabilities, at, { allowRuns: hello.allowRuns });
    if (before.bootId !== hello.bootId) await endLostSessions(tx, device.id, hello.capabilities.runtimes, at);
    reportPresence(resources, tx, device, before.presence, 'online', 'connected');
    return device;
  });
}

async function findOrMakeDevice(tx: Tx, principal: Principal, hello: RegisterMessage): Promise<Device> {
  const { deviceId: id } = hello;
  const found = await tx.device.findUnique({ where: { id } });
  if (found && found.userId !== principal.userId) throw notFound('This device');
  if (found?.revokedAt) throw new AppError('unauthenticated', 'This device was signed out. Sign in again to connect it.');
  if (found) return found;
  if (principal.kind !== 'worker') throw notFound('This device');
  return tx.device.create({ data: { id, userId: principal.userId, name: hello.name, kind: 'worker', platform: hello.platform } });
}

/** OP1: switched off refuses new connections; a device that still runs something may come back to finish it (RU7). */
async function refuseWhenOff(resources: Resources, tx: Tx, device: Device): Promise<void> {
  const flags = resources.flags.for(device.userId);
  if (flags.ENABLE_DEVICE_AGENT) return;
  if ((await tx.run.count({ where: { deviceId: device.id, state: 'running' } })) > 0) return;
  throw new AppError(
    'switched_off',
    'Connections from computers are switched off on this server right now. Editing still works; this computer tries again by itself.',
  );
}
