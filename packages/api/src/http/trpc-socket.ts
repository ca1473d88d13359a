import type { IncomingMessage } from 'node:http';
import { AppError } from '@markco/core/errors';
import { CLOSE } from '@markco/core/sync/close-code';
import type { AnyRouter } from '@trpc/server';
import { getWSConnectionHandler } from '@trpc/server/adapters/ws';
import { type WebSocket, WebSocketServer } from 'ws';
import { type ApiContext, createContext } from '../context.ts';
import { toPublicError } from '../public-error.ts';
import type { Resources } from '../resources.ts';
import { drained } from './drained.ts';
import { end, type SocketRegistry } from './socket-registry.ts';

/** Time to say who one is. */
const SIGN_IN_MS = 10_000;
const PING_MS = 25_000;
const PONG_WITHIN_MS = 10_000;
/** Little enough that a phone on a slow line reads the ping behind it in time. */
const MAX_WAITING_BYTES = 256 * 1024;

/**
 * Serves a tRPC router over WebSockets. Everyone on a socket is signed in (by cookie and Origin, header, or the token in
 * connectionParams) or is closed with 4401; `maxBytes` bounds a message.
 */
export function createTrpcSockets(resources: Resources, registry: SocketRegistry, router: AnyRouter, maxBytes: number): WebSocketServer {
  const server = new WebSocketServer({ noServer: true, maxPayload: maxBytes, perMessageDeflate: false });
  const waiting = new WeakMap<WebSocket, NodeJS.Timeout>();
  const serve = getWSConnectionHandler({
    wss: server,
    router,
    keepAlive: { enabled: true, pingMs: PING_MS, pongWaitMs: PONG_WITHIN_MS },
    createContext: async ({ req, res: socket, info }) => {
      // It said who it is; how long it takes to look that up is not its fault.
      clearTimeout(waiting.get(socket as WebSocket));
      const asked = createContext(resources, req, { token: tokenOf(info.connectionParams), socket: true });
      const made = await asked.catch((error: unknown) => sendAway(resources, socket as WebSocket, error));
      const ctx: ApiContext = { ...made, drained: (signal) => drained(socket as WebSocket, signal, { maxBytes: MAX_WAITING_BYTES }) };
      // Another turn: the client gets the error's words before the close.
      if (!ctx.principal)
        setImmediate(() => end(resources, socket as WebSocket, CLOSE.unauthenticated, 'not signed in', 'unauthenticated'));
      if (!ctx.principal || !registry.add(socket as WebSocket, ctx.principal))
        throw new AppError('unauthenticated', 'You are not signed in. Sign in and try again.');
      return ctx;
    },
    onError: ({ error, path, ctx }) => logUnexpected(resources, error, path, ctx as ApiContext | undefined),
  });
  server.on('connection', (socket: WebSocket, req: IncomingMessage) => {
    waiting.set(
      socket,
      setTimeout(() => end(resources, socket, CLOSE.unauthenticated, 'not signed in in time', 'sign_in_late'), SIGN_IN_MS).unref(),
    );
    socket.once('close', () => clearTimeout(waiting.get(socket)));
    // Too large or malformed: ws closes this one socket with the right code itself.
    socket.on('error', () => end(resources, socket, CLOSE.tooLarge, 'bad message', 'bad_frame'));
    serve(socket, req);
  });
  return server;
}

/**
 * Who somebody is could not be asked (the database is away). The socket is closed and nothing on it is answered: an error would end the
 * client's subscriptions for good, a lost connection is made again. Never resolves then; an answer (AppError) is thrown as it is.
 */
async function sendAway(resources: Resources, socket: WebSocket, error: unknown): Promise<never> {
  if (error instanceof AppError) throw error;
  resources.log.warn({ err: error, reason: 'sign_in_unknown' }, 'who is on a new socket could not be asked; it may try again');
  end(resources, socket, CLOSE.tryLater, 'try again', 'sign_in_unknown');
  return new Promise<never>(() => {});
}

/** Logs what nobody expected, whole, with the request's id; everything else was answered in words already. */
export function logUnexpected(resources: Resources, error: unknown, path: string | undefined, ctx: ApiContext | undefined): void {
  if (toPublicError(error).unexpected)
    (ctx?.log ?? resources.log).error({ err: error, procedure: path, reason: 'unexpected' }, 'a procedure failed');
}

function tokenOf(params: Record<string, unknown> | null | undefined): string | undefined {
  return typeof params?.token === 'string' && params.token !== '' ? params.token : undefined;
}
