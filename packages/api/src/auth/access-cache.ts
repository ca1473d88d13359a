import type { EventBus } from '@markco/core/bus';
import type { SqlRunner } from '@markco/db/sql';

const KEEP_MS = 2_000;
const MAX_ENTRIES = 20_000;

/** SE2: whether what a credential hangs on still stands, from the row, looked at again after at most 2 s. */
export interface AccessCache {
  /** False where the device or its sign-in was revoked, or is not this person's. */
  deviceStands(device: DeviceAccess): Promise<boolean>;
  /** The personal access token with this hash, revoked and expired ones too; null where there is none. */
  token(hash: string): Promise<TokenRow | null>;
  close(): void;
}

/** A personal access token and whose it is. */
export interface TokenRow {
  readonly id: string;
  readonly userId: string;
  readonly tokenHash: string;
  readonly scope: string;
  readonly revokedAt: Date | null;
  readonly expiresAt: Date | null;
  lastUsedAt: Date | null;
  readonly userName: string | null;
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

async function tokenNow(sql: SqlRunner, hash: string): Promise<TokenRow | null> {
  const [row] = await sql.rows<TokenRow>(
    `SELECT t.id, t.user_id AS "userId", t.token_hash AS "tokenHash", t.scope, t.revoked_at AS "revokedAt", t.expires_at AS "expiresAt",
       t.last_used_at AS "lastUsedAt", u.name AS "userName"
     FROM access_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1`,
    [hash],
  );
  return row ?? null;
}

/** Forgets what is a person's at once when the bus says that their access changed. */
export function createAccessCache(sql: SqlRunner, bus: EventBus, clock: { now(): Date }): AccessCache {
  const now = () => clock.now().getTime();
  const devices = new Memory<boolean>(now);
  const tokens = new Memory<TokenRow>(now);
  const stops = [
    bus.subscribe('access.changed', ({ userId }) => {
      for (const memory of [devices, tokens]) memory.forget(userId);
    }),
    bus.onReconnect(() => {
      for (const memory of [devices, tokens]) memory.forget();
    }),
  ];
  return {
    async deviceStands(device) {
      const { userId } = device;
      const ask = async () => ({ userId, value: await deviceStandsNow(sql, device) });
      return (await devices.get(`${userId} ${device.deviceId} ${device.familyId}`, ask)) ?? false;
    },
    token: (hash) =>
      tokens.get(hash, async () => {
        const row = await tokenNow(sql, hash);
        return row && { userId: row.userId, value: row };
      }),
    close: () => {
      for (const stop of stops) stop();
    },
  };
}

/** What rows said at most 2 s ago, and whom it is about. */
class Memory<Value> {
  readonly #now: () => number;
  readonly #known = new Map<string, { value: Value; userId: string; until: number }>();
  #forgotten = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  async get(key: string, ask: () => Promise<{ userId: string; value: Value } | null>): Promise<Value | null> {
    const entry = this.#known.get(key);
    const now = this.#now();
    if (entry && entry.until > now) return entry.value;
    const forgotten = this.#forgotten;
    const found = await ask();
    // Where access changed meanwhile, this may be what the row said before.
    if (found && forgotten === this.#forgotten) {
      if (this.#known.size >= MAX_ENTRIES) this.#known.clear();
      this.#known.set(key, { ...found, until: now + KEEP_MS });
    }
    return found ? found.value : null;
  }

  /** Without a person: everything. */
  forget(userId?: string): void {
    this.#forgotten++;
    for (const [key, entry] of this.#known) if (userId === undefined || entry.userId === userId) this.#known.delete(key);
  }
}
