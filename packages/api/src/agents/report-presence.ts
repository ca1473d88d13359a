import type { DevicePresence } from '@markco/core/device/device';
import type { Tx } from '@markco/db/client';
import type { Device } from '@markco/db/generated/client';
import type { Resources } from '../resources.ts';
import { dispatchContextOf } from '../run-engine/dispatch-context.ts';
import { metricsOf } from '../run-engine/run-metrics.ts';

/** AG2: a change of presence is logged, counted and told to every signed-in client of the person, after the commit; what waits
 * for the device, or may go elsewhere without it, is looked at. */
export function reportPresence(
  resources: Resources,
  tx: Tx,
  device: Pick<Device, 'id' | 'userId' | 'kind'>,
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
    // Who has a computer is not who waits for the cloud.
    if (device.kind === 'worker') await resources.bus.publish({ topic: 'runs.wake' });
    else dispatchContextOf(resources).mayStart({ userId: device.userId, cloud: false });
  });
}
