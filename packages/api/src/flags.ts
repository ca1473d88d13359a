import type { EventBus } from '@markco/core/bus';
import type { Flags } from '@markco/core/flags';
import type { Db } from '@markco/db/client';
import { type FlagRow, resolveFlags } from '@markco/db/resolve-flags';
import type { Logger } from 'pino';
import type { FlagName } from './env.ts';

const REFRESH_MS = 5_000;

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
  let overrides: readonly FlagRow[] = [];
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
