import { PROBE_MS } from '@markco/core/device/constants';
import type { Device } from '@markco/db/generated/client';
import type { Resources } from '../resources.ts';
import { connectionsOf } from './connections.ts';

const LOOK_EVERY_MS = 100;

/** AG2: asks a suspect device whether it is there; true when it answers, or says anything at all, within 2 s. */
export async function probeDevice(resources: Resources, device: Pick<Device, 'id' | 'userId' | 'lastSeenAt'>): Promise<boolean> {
  const connections = connectionsOf(resources);
  const requestId = resources.newId();
  const answer = connections.waitForAnswer(requestId, PROBE_MS);
  await connections.send(device.id, { kind: 'probe', userId: device.userId, requestId });
  return Promise.race([answer.then((found) => found !== null), heardOf(resources, device)]);
}

/** Resolves true at the first sign of life; never resolves false before the probe's own time is over. */
async function heardOf(resources: Resources, device: Pick<Device, 'id' | 'lastSeenAt'>): Promise<boolean> {
  const until = Date.now() + PROBE_MS;
  while (Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const now = await resources.db.device.findUnique({
      where: { id: device.id },
      select: { lastSeenAt: true, connectionId: true, presence: true },
    });
    if (!now || now.presence === 'offline') return false;
    if (now.connectionId && Number(now.lastSeenAt) > Number(device.lastSeenAt)) return true;
  }
  return false;
}
