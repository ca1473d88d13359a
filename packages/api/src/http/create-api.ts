import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError } from '@markco/core/errors';
import { nodeHTTPRequestHandler } from '@trpc/server/adapters/node-http';
import { agentRouter } from '../agents/agent-router.ts';
import { appRouter } from '../app-router.ts';
import { createContext, makeContext } from '../context.ts';
import type { Resources } from '../resources.ts';
import { recordBrowserMetrics } from './browser-metrics.ts';
import { handleRest } from './handle-rest.ts';
import { handleHealth } from './health.ts';
import { openApiDocument } from './openapi.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';
import { sendError, sendJson } from './respond.ts';
import { matchPath } from './rest-map.ts';
import { createRunEventSockets } from './run-events-socket.ts';
import { serveAsset } from './serve-asset.ts';
import { serveDocumentAsset } from './serve-document-asset.ts';
import { servePairing } from './serve-pairing.ts';
import { createSocketRegistry } from './socket-registry.ts';
import { createTrpcSockets, logUnexpected } from './trpc-socket.ts';

/** A batch of documents with its JSON escapes. */
const MAX_HTTP_BYTES = 96 * 1024 * 1024;
const MAX_CLIENT_MESSAGE = 4 * 1024 * 1024;
/** An asset of 50 MB as base64. */
const MAX_AGENT_MESSAGE = 80 * 1024 * 1024;

/** The whole API on somebody else's HTTP server. */
export interface Api {
  /** Resolves to false where the address is not the API's (pages, next-auth). */
  handleHttp(req: IncomingMessage, res: ServerResponse): Promise<boolean>;
  /** False where the address is not the API's; then the caller answers. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** OP4: takes no more, closes every socket with "going away". */
  close(): void;
}

/** Mounts tRPC (HTTP and WebSocket), the agents' gateway, REST, health and metrics. */
export function createApi(resources: Resources): Api {
  const registry = createSocketRegistry(resources);
  const clients = createTrpcSockets(resources, registry, appRouter, MAX_CLIENT_MESSAGE);
  const agents = createTrpcSockets(resources, registry, agentRouter, MAX_AGENT_MESSAGE);
  const events = createRunEventSockets(resources, registry);
  let stopping = false;

  const upgradeTo = (server: typeof clients, req: IncomingMessage, socket: Duplex, head: Buffer) =>
    server.handleUpgrade(req, socket, head, (accepted) => server.emit('connection', accepted, req));

  return {
    async handleHttp(req, res) {
      const url = urlOf(req);
      if (!url) {
        sendError(res, new AppError('bad_request', 'The address cannot be read.'), makeContext(resources, null));
        return true;
      }
      if (url.pathname.startsWith('/api/auth/')) return false;
      return route(resources, req, res, url, stopping);
    },
    handleUpgrade(req, socket, head) {
      const url = urlOf(req);
      const run = url && matchPath('/api/runs/:id/events', url.pathname);
      const server = url?.pathname === '/api/trpc' ? clients : url?.pathname === '/api/agents/connect' ? agents : null;
      if (!url || (!server && !run)) return false;
      if (stopping) refuseUpgrade(socket, 503, 'The server restarts. Try again in a moment.');
      else if (server) upgradeTo(server, req, socket, head);
      else void events.upgrade(req, socket, head, run!.id!, Math.max(0, Number.parseInt(url.searchParams.get('after') ?? '0', 10) || 0));
      return true;
    },
    close() {
      stopping = true;
      registry.close();
      for (const server of [clients, agents, events]) server.close();
    },
  };
}

async function route(resources: Resources, req: IncomingMessage, res: ServerResponse, url: URL, stopping: boolean): Promise<boolean> {
  if (url.pathname.startsWith('/api/trpc/')) {
    await serveTrpc(resources, req, res, url.pathname.slice('/api/trpc/'.length));
    return true;
  }
  let ctx = makeContext(resources, null);
  try {
    if (await handleHealth(resources, req, res, url.pathname, stopping)) return true;
    if (url.pathname === '/pair') {
      await servePairing(resources, req, res, url);
      return true;
    }
    if (!url.pathname.startsWith('/api/')) return false;
    ctx = await createContext(resources, req, { socket: false });
    await serveApi(ctx, req, res, url);
  } catch (error) {
    sendError(res, error, ctx);
  }
  return true;
}

async function serveApi(ctx: ReturnType<typeof makeContext>, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  const { flags } = ctx.resources;
  const asset = matchPath('/api/assets/:id', url.pathname);
  if (asset && req.method === 'GET') return serveAsset(ctx, res, asset.id!, url.searchParams);
  const beside = matchPath('/api/documents/:id/asset', url.pathname);
  if (beside && req.method === 'GET') return serveDocumentAsset(ctx, res, beside.id!, url.searchParams);
  if (url.pathname === '/api/health')
    return sendJson(res, 200, { ok: true, flags: ctx.principal ? flags.for(ctx.principal.userId) : flags.global() });
  if (url.pathname === '/api/openapi.json') return sendJson(res, 200, openApiDocument());
  if (url.pathname === '/api/metrics/browser' && req.method === 'POST') return recordBrowserMetrics(ctx, req, res);
  if (await handleRest(ctx, req, res, url)) return;
  sendJson(res, 404, { error: { code: 'not_found', message: 'There is nothing at this address. /api/openapi.json lists what there is.' } });
}

function serveTrpc(resources: Resources, req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
  return nodeHTTPRequestHandler({
    ...{ req, res, path, router: appRouter, maxBodySize: MAX_HTTP_BYTES },
    // A query with a large input may come as POST.
    allowMethodOverride: true,
    createContext: () => createContext(resources, req, { socket: false }),
    responseMeta: ({ ctx }) => ({
      headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...(ctx && { 'x-request-id': ctx.requestId }) },
    }),
    onError: ({ error, path: procedure, ctx }) => logUnexpected(resources, error, procedure, ctx),
  });
}

function urlOf(req: IncomingMessage): URL | null {
  const text = `http://local${req.url ?? '/'}`;
  return URL.canParse(text) ? new URL(text) : null;
}
