import { CLOUD_SESSION_IDLE_MS } from '@markco/core/routing/choose-target';
import type { Tx } from '@markco/db/client';
import type { RunRow } from './run-row.ts';

/**
 * RU6: binds the runtime session to the place that was granted the run.
 * @returns whether the namespace starts empty there, as far as the server knows (the agent's `started` event may say it too)
 */
export async function pinSession(tx: Tx, run: RunRow): Promise<boolean> {
  const { userId, projectId, language, sessionName: name, deviceId } = run;
  const at = run.grantedAt ?? run.createdAt;
  const target = run.targetKind === 'cloud' ? 'cloud' : 'device';
  const where = { userId_projectId_language_name: { userId, projectId, language, name } };
  const before = await tx.runtimeSession.findUnique({ where });
  if (!before) {
    await tx.runtimeSession.create({ data: { userId, projectId, language, name, target, deviceId, startedAt: at, lastUsedAt: at } });
    return true;
  }
  const idle = target === 'cloud' && at.getTime() - before.lastUsedAt.getTime() >= CLOUD_SESSION_IDLE_MS;
  const same = !before.endedAt && !idle && before.target === target && before.deviceId === deviceId;
  const moved = { target, deviceId, endedAt: null, startedAt: at, generation: { increment: 1 } };
  await tx.runtimeSession.update({ where, data: { lastUsedAt: at, ...(same ? {} : moved) } });
  return !same;
}

/** RU6: the session's variables are gone (restart, reset, crash, runtime down); the next run starts it fresh. */
export async function endSession(
  tx: Tx,
  session: { userId: string; projectId: string; language: string; name: string },
  at: Date,
): Promise<void> {
  await tx.runtimeSession.updateMany({ where: { ...session, endedAt: null }, data: { endedAt: at } });
}
