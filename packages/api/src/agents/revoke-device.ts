import { inTx } from '@markco/db/in-tx';
import type { Principal } from '../auth/principal.ts';
import { revokeDevice as revokeSignIn } from '../auth/revoke.ts';
import type { Resources } from '../resources.ts';
import { tryRunEvent } from '../run-engine/apply-run-event.ts';
import { lockRun } from '../run-engine/lock-run.ts';
import { wakeDispatchers } from '../run-engine/publish-run.ts';
import { scoped } from '../scope.ts';

/**
 * AG8: signs a device out for good: its tokens end, its offers go back to the queue, what it runs can no longer be heard from, and every
 * process closes its sockets and relay tickets within 2 s.
 * @throws AppError not_found
 */
export async function revokeDevice(resources: Resources, principal: Pick<Principal, 'userId'>, deviceId: string): Promise<void> {
  const device = await scoped(resources.db, principal).device(deviceId);
  const at = resources.clock.now();
  await inTx(resources.db, async (tx) => {
    await revokeSignIn(tx, resources, { userId: device.userId, deviceId });
    await tx.runtimeSession.updateMany({ where: { deviceId, endedAt: null }, data: { endedAt: at } });
    const active = await tx.run.findMany({
      where: { deviceId, state: { in: ['offered', 'running'] } },
      select: { id: true },
      orderBy: { id: 'asc' },
    });
    for (const { id } of active) {
      const run = await lockRun(tx, id);
      if (run?.state === 'offered') await tryRunEvent(resources, tx, run, { type: 'withdraw', at, attempt: run.attempt });
      if (run?.state === 'running') {
        const message = `${device.name} was signed out while this ran. It may have finished there; run it again if you need the result.`;
        await tryRunEvent(resources, tx, run, { type: 'interrupted', at, reason: 'device_lost' }, { message });
      }
    }
    wakeDispatchers(resources, tx);
  });
}
