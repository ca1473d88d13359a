import { OFFLINE_AFTER_MS, SUSPECT_AFTER_MS } from '@markco/core/device/constants';
import type { DevicePresence } from '@markco/core/device/device';
import { inTx } from '@markco/db/in-tx';
import { reportPresence } from '../agents/report-presence.ts';
import type { Resources } from '../resources.ts';
import { metricsOf } from './run-metrics.ts';

/** AG2: devices that fell silent become suspect, then offline. The process whose update changes the row reports it, so each is counted once. */
export async function sweepPresence(resources: Resources): Promise<void> {
  const now = resources.clock.now().getTime();
  await silence(resources, 'offline', ['online', 'suspect'], new Date(now - OFFLINE_AFTER_MS));
  await silence(resources, 'suspect', ['online'], new Date(now - SUSPECT_AFTER_MS));
  const online = await resources.db.device.count({ where: { presence: 'online', revokedAt: null, kind: { not: 'worker' } } });
  metricsOf(resources).devicesOnline(online);
}

async function silence(resources: Resources, to: DevicePresence, from: string[], since: Date): Promise<void> {
  const stale = { presence: { in: from }, OR: [{ lastSeenAt: { lte: since } }, { lastSeenAt: null }] };
  const devices = await resources.db.device.findMany({ where: stale, select: { id: true, userId: true, kind: true, presence: true } });
  for (const device of devices) {
    await inTx(resources.db, async (tx) => {
      const { count } = await tx.device.updateMany({ where: { id: device.id, ...stale }, data: { presence: to } });
      if (count === 1) reportPresence(resources, tx, device, device.presence, to, 'no heartbeat');
    });
  }
}
