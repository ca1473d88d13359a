import type { EventBus } from '@markco/core/bus';
import type { SqlRunner } from '@markco/db/sql';

const KEEP_MS = 2_000;
const MAX_ENTRIES = 20_000;

/** SE2: whether what a credential hangs on still stands, from the row, looked at again after at most 2 s. */
export interface AccessCache {
  /** False where the device or its sign-in was revoked, or is not this person's. */
  deviceStands(device: DeviceAccess): Promise<boolean>;
  close(): void;
}

export interface DeviceAccess {
  deviceId: string;
  userId: string;
  familyId: string;
}

/** The row's word: neither the device nor the sign-in was revoked. */
export async function deviceStandsNow(sql: SqlRunner, { deviceId, userId, familyId }: DeviceAccess): Promise<boolean> {
  const live = await sql.rows(
    `SELECT 1 AS live FROM refresh_tokens t JOIN devices d ON d.id = t.device_id
     WHERE t.device_id = $1::uuid AND t.family_id = $2::uuid AND t.user_id = $3::uuid AND t.revoked_at IS NULL AND d.revoked_at IS NULL LIMIT 1`,
    [deviceId, familyId, userId],
  );
  return live.length > 0;
}

/** The same of many with one question: those of them that stand. */
export async function devicesStandNow<T extends DeviceAccess>(sql: SqlRunner, devices: readonly T[]): Promise<Set<T>> {
  if (devices.length === 0) return new Set();
  const rows = await sql.rows<{ ord: number }>(
    `SELECT a.ord::int AS ord FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS a(device_id, user_id, family_id, ord)
     WHERE EXISTS (SELECT 1 FROM refresh_tokens t JOIN devices d ON d.id = t.device_id
       WHERE t.device_id = a.device_id AND t.user_id = a.user_id AND t.family_id = a.family_id AND t.revoked_at IS NULL AND d.revoked_at IS NULL)`,
    [devices.map((one) => one.deviceId), devices.map((one) => one.userId), devices.map((one) => one.familyId)],
  );
  return new Set(rows.map(({ ord }) => devices[ord - 1]!));
}

/** Forgets a person's devices at once when the bus says that their access changed. */
export function createAccessCache(sql: SqlRunner, bus: EventBus, clock: { now(): Date }): AccessCache {
  const known = new Map<string, { stands: boolean; userId: string; until: number }>();
  const stops = [
    bus.subscribe('access.changed', ({ userId }) => {
      for (const [key, entry] of known) if (entry.userId === userId) known.delete(key);
    }),
    bus.onReconnect(() => known.clear()),
  ];
  return {
    async deviceStands(device) {
      const { userId } = device;
      const key = `${userId} ${device.deviceId} ${device.familyId}`;
      const hit = known.get(key);
      const now = clock.now().getTime();
      if (hit && hit.until > now) return hit.stands;
      const stands = await deviceStandsNow(sql, device);
      if (known.size >= MAX_ENTRIES) known.clear();
      known.set(key, { stands, userId, until: now + KEEP_MS });
      return stands;
    },
    close: () => {
      for (const stop of stops) stop();
    },
  };
}
