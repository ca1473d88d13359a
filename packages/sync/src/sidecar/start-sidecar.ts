import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventBus } from '@markco/core/bus';
import { createDb, type Db } from '@markco/db/client';
import { migrationsPending } from '@markco/db/migrate';
import { createPostgresBus } from '@markco/db/postgres-bus';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { SyncEnv } from '../env.ts';
import type { Log } from '../log.ts';
import { RedisLink } from '../nodes/redis-link.ts';
import type { RelayLimits } from '../relay/limits.ts';
import { RelayMetrics } from '../relay/metrics.ts';
import { Relay } from '../relay/relay.ts';
import type { DocumentStore } from '../store/document-store.ts';
import { createStoreForMode } from '../store/mode/create-store-for-mode.ts';
import { PrismaStore } from '../store/prisma-store.ts';
import { withDeadline } from '../with-deadline.ts';
import { catchUpTexts } from './catch-up-texts.ts';
import { FlagModes } from './flag-modes.ts';
import { httpRoutes } from './http-routes.ts';
import { PostgresAuthorizer } from './postgres-authorizer.ts';

const FLUSH_MS = 5_000;
const READY_MS = 3_000;
// Everybody comes back within 3 s of a start, spread out, and what they open comes first.
const CATCH_UP_AFTER_MS = 5_000;

export interface Sidecar {
  readonly port: number;
  readonly relay: Relay;
  /** SY6, OP4: takes nothing new, makes durable what is queued (at most 5 s), and closes everyone. False where something stayed unsaved. */
  stop(): Promise<boolean>;
}

/**
 * Starts the relay process: database, bus, store, HTTP. Rejects where the database cannot be reached or the port is taken.
 * `limits`: other bounds than the usual, for tests.
 */
export async function startSidecar(env: SyncEnv, log: Log, limits: Partial<RelayLimits> = {}): Promise<Sidecar> {
  const db = createDb({ connectionString: env.DATABASE_URL, max: env.DATABASE_POOL, applicationName: 'markco-sync' });
  const bus = await createPostgresBus(env.DATABASE_URL, { log: (line) => log.warn({ reason: 'bus' }, line) });
  const registry = new Registry();
  const modes = await FlagModes.start({ db, bus, log, mode: env.SYNC_MODE, pinned: env.MARKCO_PIN_FLAGS });
  const store = openStore({ env, db, log, registry, modes });
  collectDefaultMetrics({ register: registry });
  const metrics = new RelayMetrics(registry);
  const authorizer = new PostgresAuthorizer({ db, secret: env.secret, publicUrl: env.PUBLIC_URL });
  const nodes = env.REDIS_URL ? { link: new RedisLink(env.REDIS_URL) } : null;
  const relay = new Relay({ store, authorizer, bus, log, metrics, nodes, limits });
  const server = createServer(httpRoutes({ registry, ready: () => withDeadline(assertReady({ db, bus, store, relay }), READY_MS) }));
  server.on('upgrade', (request, socket, head) => relay.handleUpgrade(request, socket, head));
  await listen(server, env.SYNC_RELAY_PORT, env.HOST);
  const { port } = server.address() as AddressInfo;
  log.info({ port, host: env.HOST, mode: env.SYNC_MODE, store: store.kind }, `The relay listens on ${env.HOST}:${port}.`);
  const stopping = new AbortController();
  const { signal } = stopping;
  const texts = delay(CATCH_UP_AFTER_MS, undefined, { signal }).then(
    () => catchUpTexts({ db, relay, log, signal }),
    () => {},
  );
  return { port, relay, stop: () => stop({ server, relay, store, authorizer, bus, db, modes, stopping, texts }) };
}

interface StoreParts {
  readonly env: SyncEnv;
  readonly db: Db;
  readonly log: Log;
  readonly registry: Registry;
  readonly modes: FlagModes;
}

/** SY12. */
function openStore({ env, db, log, registry, modes }: StoreParts): DocumentStore {
  const prismaStore = new PrismaStore(db, log);
  // SY18: a folder can be kept by one process only.
  const workspacesDir = env.REDIS_URL ? null : (env.MARKCO_WORKSPACES_DIR ?? null);
  return createStoreForMode({ mode: env.SYNC_MODE, modes, prismaStore, workspacesDir, log, registry });
}

interface Parts {
  readonly server: Server;
  readonly relay: Relay;
  readonly store: DocumentStore;
  readonly authorizer: PostgresAuthorizer;
  readonly bus: EventBus;
  readonly db: Db;
  readonly modes: FlagModes;
  /** What goes on beside the relay ends with this. */
  readonly stopping: AbortController;
  readonly texts: Promise<void>;
}

/** OP4. What it resolves with is told beside "ready". */
async function assertReady({ db, bus, store, relay }: Pick<Parts, 'db' | 'bus' | 'store' | 'relay'>): Promise<object> {
  await Promise.all([store.ping(), bus.ping()]);
  const pending = await migrationsPending(db);
  if (pending.length > 0) throw new Error(`The database lacks ${pending.length} migration(s).`);
  const { failing, nodes } = relay.stats();
  if (failing) throw new Error('The store does not take updates.');
  return nodes ? { nodes } : {};
}

async function stop({ server, relay, store, authorizer, bus, db, modes, stopping, texts }: Parts): Promise<boolean> {
  stopping.abort();
  modes.stop();
  server.close();
  const saved = await relay.close({ deadlineMs: FLUSH_MS });
  server.closeAllConnections();
  // With the database away these may hang: what matters is done.
  await withDeadline(Promise.allSettled([texts, store.close(), authorizer.close(), bus.close(), db.$disconnect()]), 2_000).catch(() => {});
  return saved;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
