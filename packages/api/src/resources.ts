import type { EventBus } from '@markco/core/bus';
import { createDb, type Db } from '@markco/db/client';
import { createPostgresBus } from '@markco/db/postgres-bus';
import { createSql, type Sql } from '@markco/db/sql';
import type { VersionStore } from '@markco/sync/store/document-store';
import { FoldThread } from '@markco/sync/store/fold-thread';
import { PrismaVersions } from '@markco/sync/store/prisma/prisma-versions';
import { type Logger, pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { v7 } from 'uuid';
import { type AccessCache, createAccessCache } from './auth/access-cache.ts';
import type { ApiEnv } from './env.ts';
import { createFlagService, type FlagService } from './flags.ts';
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts';
import { closeServerDocuments } from './run-engine/server-documents.ts';
import { loadSecret } from './secret.ts';

/** The address a request came to: enough to answer with addresses that the same client can reach. */
export interface RequestAddress {
  host: string | null;
  secure: boolean;
}

/** What the use cases work with; one a process, closed with {@link closeResources}. */
export interface Resources {
  db: Db;
  /** The same database in plain SQL, for what a person waits on. */
  sql: Sql;
  bus: EventBus;
  log: Logger;
  flags: FlagService;
  /** HS256 key of tickets, device tokens and signed asset addresses. */
  secret: Uint8Array;
  clock: { now(): Date };
  /** A new UUIDv7. */
  newId(): string;
  /** Without a trailing slash. */
  publicUrl: string;
  /** The base of relay addresses, `ws(s)://host` without a trailing slash. */
  relayUrl(address: RequestAddress | null): string;
  /** Where this process itself reaches the relay, `ws(s)://host`; else as a client of `publicUrl` does. */
  internalRelayUrl?: string | undefined;
  metrics: Registry;
  limiter: RateLimiter;
  access: AccessCache;
  /** SY9: what documents were. */
  versions: VersionStore;
  /** Whoever sits at this computer is the local user. */
  allowLocalUser: boolean;
}

export type ResourceParts = Pick<Resources, 'db' | 'sql' | 'bus' | 'log' | 'secret' | 'publicUrl' | 'allowLocalUser'> & {
  env: Pick<
    ApiEnv,
    'SYNC_MODE' | 'ENABLE_DEVICE_AGENT' | 'ENABLE_REMOTE_EXEC_ROUTING' | 'ENABLE_CLOUD_FALLBACK' | 'MARKCO_PIN_FLAGS' | 'SYNC_PUBLIC_URL'
  >;
  clock?: Resources['clock'];
  metrics?: Registry;
  internalRelayUrl?: string | undefined;
};

/**
 * Opens everything the web process needs. Rejects where the database or the bus cannot be reached.
 * @param options `internalRelayUrl`: where this process reaches the relay
 */
export async function createResources(env: ApiEnv, options: Pick<Resources, 'internalRelayUrl'> = {}): Promise<Resources> {
  const log = pino({
    level: env.LOG_LEVEL,
    base: { process: 'web' },
    redact: ['token', 'authorization', 'cookie', '*.token', '*.authorization', '*.cookie'],
  });
  const db = createDb({ connectionString: env.DATABASE_URL, max: env.DATABASE_POOL, applicationName: 'markco-web' });
  const bus = await createPostgresBus(env.DATABASE_URL, { log: (line) => log.warn(line) });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const secret = loadSecret(env.MARKCO_SECRET, env.MARKCO_DATA_DIR);
  const { PUBLIC_URL: publicUrl, MARKCO_LOCAL_USER: allowLocalUser } = env;
  const sql = createSql({ connectionString: env.DATABASE_URL, max: env.DATABASE_POOL, applicationName: 'markco-web-sql' });
  return assembleResources({ env, db, sql, bus, log, metrics, secret, publicUrl, allowLocalUser, ...options });
}

/** Puts the parts together and loads the flags; tests bring parts of their own. */
export async function assembleResources(parts: ResourceParts): Promise<Resources> {
  const { env, db, sql, bus, log, secret, publicUrl, allowLocalUser } = parts;
  const clock = parts.clock ?? { now: () => new Date() };
  const flags = createFlagService({ db, bus, log, env: flagsOf(env), pinned: env.MARKCO_PIN_FLAGS });
  await flags.refresh();
  const thread = new FoldThread();
  const resources: Resources = {
    ...{ db, sql, bus, log, flags, secret, clock, publicUrl, allowLocalUser, internalRelayUrl: parts.internalRelayUrl },
    newId: () => v7(),
    relayUrl: (address) => env.SYNC_PUBLIC_URL ?? relayBase(publicUrl, address),
    metrics: parts.metrics ?? new Registry(),
    limiter: createRateLimiter(clock),
    access: createAccessCache(sql, bus, clock),
    versions: new PrismaVersions(db, (snapshot, updates) => thread.fold(snapshot, updates)),
  };
  threads.set(resources, thread);
  return resources;
}

const threads = new WeakMap<Resources, FoldThread>();

/** Closes the bus and the database; the last thing a process does (OP4). */
export async function closeResources(resources: Resources): Promise<void> {
  closeServerDocuments(resources);
  await threads.get(resources)?.close();
  resources.flags.close();
  resources.access.close();
  await resources.bus.close();
  await resources.sql.close();
  await resources.db.$disconnect();
}

function relayBase(publicUrl: string, address: RequestAddress | null): string {
  if (!address?.host) return publicUrl.replace(/^http/, 'ws');
  return `${address.secure ? 'wss' : 'ws'}://${address.host}`;
}

const flagsOf = ({ SYNC_MODE, ENABLE_DEVICE_AGENT, ENABLE_REMOTE_EXEC_ROUTING, ENABLE_CLOUD_FALLBACK }: ResourceParts['env']) => ({
  SYNC_MODE,
  ENABLE_DEVICE_AGENT,
  ENABLE_REMOTE_EXEC_ROUTING,
  ENABLE_CLOUD_FALLBACK,
});
