import type { RuntimeInfo } from '@markco/core/device/device';
import { canonicalLanguage } from '@markco/core/routing/languages';
import type { Tx } from '@markco/db/client';

/** RU6: the agent started anew: sessions it held and does not list any more have lost their variables. */
export async function endLostSessions(tx: Tx, deviceId: string, runtimes: readonly RuntimeInfo[], at: Date): Promise<void> {
  const sessions = await tx.runtimeSession.findMany({ where: { deviceId, endedAt: null } });
  const alive = (session: (typeof sessions)[number]) =>
    runtimes.some(
      (r) =>
        r.projectId === session.projectId &&
        (r.sessionName ?? 'default') === session.name &&
        canonicalLanguage(r.language) === session.language &&
        r.state !== 'down',
    );
  const lost = sessions.filter((session) => !alive(session)).map((session) => session.id);
  if (lost.length > 0) await tx.runtimeSession.updateMany({ where: { id: { in: lost } }, data: { endedAt: at } });
}
