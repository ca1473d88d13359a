import type { Resources } from '../resources.ts';
import { sendCommand } from './send-command.ts';

/** RU12: what was asked while the device was away goes first: cancels of what it runs. Offers still open are repeated. */
export async function sendPending(resources: Resources, deviceId: string): Promise<void> {
  const runs = await resources.db.run.findMany({
    where: { deviceId, OR: [{ state: 'running', cancelRequestedAt: { not: null } }, { state: 'offered' }] },
    select: { id: true, userId: true, state: true, attempt: true, forceRequestedAt: true },
  });
  for (const { id: runId, userId, state, attempt, forceRequestedAt } of runs) {
    if (state === 'running') await sendCommand(resources, deviceId, { kind: 'cancel', userId, runId, force: forceRequestedAt !== null });
    else await sendCommand(resources, deviceId, { kind: 'offer', userId, runId, attempt });
  }
}
