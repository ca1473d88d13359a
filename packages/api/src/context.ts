import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { authenticate } from './auth/authenticate.ts';
import type { Principal } from './auth/principal.ts';
import type { RequestAddress, Resources } from './resources.ts';

export type { Principal } from './auth/principal.ts';
export type { Resources } from './resources.ts';

/** What every procedure gets. `requestId` is the one id from tap to runtime (OP3). */
export interface ApiContext {
  readonly resources: Resources;
  readonly principal: Principal | null;
  readonly requestId: string;
  readonly log: Logger;
  /** Address of the peer for rate limits; never trusted for anything else. */
  readonly ip: string;
  readonly address: RequestAddress | null;
  /** On a socket: resolves when its reader has taken enough for more to be sent. What a subscription yields is not held back otherwise. */
  readonly drained?: (signal: AbortSignal) => Promise<void>;
}

/** Builds the context of an HTTP request or of a socket (`token` from its connectionParams). */
export async function createContext(
  resources: Resources,
  req: IncomingMessage,
  options: { token?: string; socket: boolean },
): Promise<ApiContext> {
  const { authorization, cookie, origin, host } = req.headers;
  const needsOrigin = options.socket || !isSafe(req.method);
  const principal = await authenticate(resources, { headers: { authorization, cookie, origin, host }, token: options.token, needsOrigin });
  return makeContext(resources, principal, {
    ip: req.socket.remoteAddress ?? 'unknown',
    address: addressOf(req),
    requestId: requestIdOf(req),
  });
}

/** A context from its parts: for REST, background work and tests. */
export function makeContext(
  resources: Resources,
  principal: Principal | null,
  from: { ip?: string; address?: RequestAddress | null; requestId?: string } = {},
): ApiContext {
  const requestId = from.requestId ?? randomUUID();
  const log = resources.log.child({
    request_id: requestId,
    ...(principal && { user_id: principal.userId }),
    ...(principal?.deviceId && { device_id: principal.deviceId }),
  });
  return { resources, principal, requestId, log, ip: from.ip ?? 'local', address: from.address ?? null };
}

/** The host a client used, and whether over TLS, which a proxy in front tells. */
export function addressOf(req: IncomingMessage): RequestAddress {
  const encrypted = (req.socket as { encrypted?: boolean }).encrypted === true;
  return { host: req.headers.host ?? null, secure: encrypted || req.headers['x-forwarded-proto'] === 'https' };
}

function requestIdOf(req: IncomingMessage): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
}

const isSafe = (method: string | undefined): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
