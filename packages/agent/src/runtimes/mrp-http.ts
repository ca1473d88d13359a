import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { mrpRefusal } from '@markco/core/mrp/answers';
import { RuntimeBusyError, RuntimeRequestError, RuntimeUnavailableError } from './runtime.ts';

/** Where an MRP runtime listens. `secret` goes as a bearer token. */
export interface MrpEndpoint {
  baseUrl: string;
  secret?: string;
}

/** One request's options. `timeoutMs`: until the answer's end; without it there is none. */
export interface MrpCall {
  body?: unknown;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/**
 * Sends one MRP request and answers with the open response when the status is 200. node:http and not fetch, because
 * fetch ends a response body that is silent for five minutes.
 * @throws RuntimeBusyError (409), RuntimeUnavailableError (503, time-out), RuntimeRequestError (any other status)
 */
export async function openMrp(endpoint: MrpEndpoint, method: 'GET' | 'POST', path: string, call: MrpCall = {}): Promise<IncomingMessage> {
  const response = await send(endpoint, method, path, call);
  if (response.statusCode === 200) return response;
  const refusal = mrpRefusal.safeParse(parseJson(await readAll(response)));
  const message = (refusal.success && refusal.data.message) || `The runtime answered ${response.statusCode} to ${path}.`;
  if (response.statusCode === 409) throw new RuntimeBusyError((refusal.success && refusal.data.execId) || null);
  if (response.statusCode === 503) throw new RuntimeUnavailableError();
  throw new RuntimeRequestError(response.statusCode ?? 0, message);
}

/** {@link openMrp} with the JSON of the answer. */
export async function callMrp(endpoint: MrpEndpoint, method: 'GET' | 'POST', path: string, call: MrpCall = {}): Promise<unknown> {
  return parseJson(await readAll(await openMrp(endpoint, method, path, call)));
}

/** The whole body of a response. */
export async function readAll(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function send(endpoint: MrpEndpoint, method: string, path: string, call: MrpCall): Promise<IncomingMessage> {
  const url = new URL(`${endpoint.baseUrl.replace(/\/+$/, '')}${path}`);
  const payload = method === 'POST' ? Buffer.from(JSON.stringify(call.body ?? {})) : null;
  const headers: Record<string, string | number> = { accept: 'application/json, text/event-stream' };
  if (payload) Object.assign(headers, { 'content-type': 'application/json', 'content-length': payload.length });
  if (endpoint.secret) headers.authorization = `Bearer ${endpoint.secret}`;
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = open(url, { method, headers, agent: false, ...(call.signal && { signal: call.signal }) }, resolve);
    request.on('error', reject);
    request.on('socket', (socket) => socket.setNoDelay(true));
    limit(request, call.timeoutMs);
    request.end(payload);
  });
}

function limit(request: ClientRequest, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return;
  const timer = setTimeout(() => request.destroy(new RuntimeUnavailableError('The runtime did not answer in time.')), timeoutMs);
  request.on('close', () => clearTimeout(timer));
}
