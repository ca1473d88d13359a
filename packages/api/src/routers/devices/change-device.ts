import type { DeviceView } from '@markco/core/device/device';
import { inTx } from '@markco/db/in-tx';
import { listDevices } from '../../agents/device-view.ts';
import type { Principal } from '../../auth/principal.ts';
import type { Resources } from '../../resources.ts';
import { scoped } from '../../scope.ts';

/** Renames a device or says whether it may be sent runs; every client hears of it within a second. Throws not_found. */
export async function changeDevice(
  resources: Resources,
  principal: Principal,
  deviceId: string,
  change: { name?: string; allowRuns?: boolean },
): Promise<DeviceView> {
  const { userId } = await scoped(resources.db, principal).device(deviceId);
  await inTx(resources.db, async (tx) => {
    await tx.device.update({ where: { id: deviceId }, data: change });
    tx.afterCommit(() => resources.bus.publish({ topic: 'devices.changed', userId }));
    tx.afterCommit(() => resources.bus.publish({ topic: 'runs.wake' }));
  });
  const views = await listDevices(resources, userId);
  return views.find((view) => view.id === deviceId)!;
}
