import type { Principal } from '../../../auth/principal.ts';
import type { Resources } from '../../../resources.ts';

/** Who a version says it was: the device where one acts, else the person; null where neither has a name. */
export async function actorName(resources: Resources, principal: Principal): Promise<string | null> {
  if (!principal.deviceId) return principal.userName;
  const device = await resources.db.device.findUnique({ where: { id: principal.deviceId }, select: { name: true } });
  return device?.name ?? principal.userName;
}
