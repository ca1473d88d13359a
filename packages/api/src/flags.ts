import { createHash } from 'node:crypto';
import type { EventBus } from '@markco/core/bus';
import { type Flags, flagsSchema } from '@markco/core/flags';
import type { Db } from '@markco/db/client';
import type { Logger } from 'pino';
import { FLAG_NAMES, type FlagName } from './env.ts';

const REFRESH_MS = 5_000;

interface Override {
  flag: string;
  value: string;
  userId: string | null;
  percent: number | null;
}

/** OP1: what is in force, without a restart: the environment, and over it what the database says for a person or a share of them. */
export interface FlagService {
  /** For one person. */
  for(userId: string): Flags;
  /** For nobody in particular: the environment and overrides for everyone (100 %). */
  global(): Flags;
  refresh(): Promise<void>;
  close(): void;
}

/** Reads overrides every 5 s and when told so over the bus; while the database is away the last ones stay in force. */
export function createFlagService(parts: { db: Db; bus: EventBus; log: Logger; env: Flags; pinned: readonly FlagName[] }): FlagService {
  let overrides: readonly Override[] = [];
  const refresh = async () => {
    try {
      overrides = await parts.db.flagOverride.findMany({ orderBy: { createdAt: 'asc' } });
    } catch (error) {
      parts.log.warn({ err: error }, 'flag overrides could not be read; the last known ones stay in force');
    }
  };
  const timer = setInterval(refresh, REFRESH_MS).unref();
  const stops = [parts.bus.subscribe('flags.changed', refresh), parts.bus.onReconnect(refresh)];
  return {
    for: (userId) => resolveFlags(parts.env, parts.pinned, overrides, userId),
    global: () => resolveFlags(parts.env, parts.pinned, overrides, null),
    refresh,
    close: () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    },
  };
}

/** A person's own override wins over a share's, a share's over the environment; what the environment pins nothing changes. */
export function resolveFlags(env: Flags, pinned: readonly FlagName[], overrides: readonly Override[], userId: string | null): Flags {
  const resolved = { ...env };
  for (const flag of FLAG_NAMES) {
    if (pinned.includes(flag)) continue;
    const own = overrides.filter((row) => row.flag === flag);
    const hit =
      (userId && own.findLast((row) => row.userId === userId)) ||
      own.findLast((row) => row.userId === null && inShare(flag, userId, row.percent ?? 100));
    // A value that an older or newer version wrote is skipped, not guessed at.
    const parsed = hit ? flagsSchema.shape[flag].safeParse(hit.value) : null;
    if (parsed?.success) Object.assign(resolved, { [flag]: parsed.data });
  }
  return resolved;
}

function inShare(flag: string, userId: string | null, percent: number): boolean {
  if (percent >= 100) return true;
  if (userId === null) return false;
  // The same people at every percentage below a larger one.
  return (createHash('sha256').update(`${flag}\0${userId}`).digest().readUInt32BE(0) % 10_000) / 100 < percent;
}
