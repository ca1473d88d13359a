import type { EventBus } from '@markco/core/bus';
import type { Db } from '@markco/db/client';

const KEEP_MS = 2_000;
const MAX_ENTRIES = 20_000;

/** SE2: whether what a credential hangs on still stands, from the row, looked at again after at most 2 s. */
export interface AccessCache {
  /** False where the device was revoked or is not this person's. */
  deviceStands(deviceId: string, userId: string): Promise<boolean>;
  close(): void;
}

/** Forgets a person's devices at once when the bus says that their access changed. */
export function createAccessCache(db: Db, bus: EventBus, clock: { now(): Date }): AccessCache {
  const known = new Map<string, { stands: boolean; userId: string; until: number }>();
  const stops = [
    bus.subscribe('access.changed', ({ userId }) => {
      for (const [key, entry] of known) if (entry.userId === userId) known.delete(key);
    }),
    bus.onReconnect(() => known.clear()),
  ];
  return {
    async deviceStands(deviceId, userId) {
      const key = `${userId} ${deviceId}`;
      const hit = known.get(key);
      const now = clock.now().getTime();
      if (hit && hit.until > now) return hit.stands;
      const row = await db.device.findFirst({ where: { id: deviceId, userId, revokedAt: null }, select: { id: true } });
      if (known.size >= MAX_ENTRIES) known.clear();
      known.set(key, { stands: row !== null, userId, until: now + KEEP_MS });
      return row !== null;
    },
    close: () => {
      for (const stop of stops) stop();
    },
  };
}
