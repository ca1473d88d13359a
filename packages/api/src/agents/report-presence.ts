import type { DevicePresence } from '@markco/core/device/device';
import type { Tx } from '@markco/db/client';
import type { Device } from '@markco/db/generated/client';
import type { Resources } from '../resources.ts';
import { metricsOf } from '../run-engine/run-metrics.ts';

/** AG2: a change of presence is logged, counted and told to every signed-in client of the person, after the commit. */
export function reportPresence(
  resources: Resources,
  tx: Tx,
  device: Pick<Device, 'id' | 'userId'>,
  from: string,
  to: DevicePresence,
  why: string,
): void {
  tx.afterCommit(async () => {
    if (from !== to) {
      metricsOf(resources).deviceTransition(to);
      resources.log.info({ user_id: device.userId, device_id: device.id, from, to, reason: why }, 'device presence changed');
    }
    await resources.bus.publish({ topic: 'devices.changed', userId: device.userId });
    await resources.bus.publish({ topic: 'runs.wake' });
  });
}
