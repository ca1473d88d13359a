import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeviceTokens } from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import type { ApiClient } from '../api-client/api-client.ts';
import type { AboutDevice } from './device-grant.ts';

/** A sign-in that waits for the browser. */
export interface LoopbackSignIn {
  /** Open this in the person's own browser. */
  readonly url: string;
  /** Rejects with AppError `timeout` after five minutes and `forbidden` when the person says no. */
  readonly tokens: Promise<DeviceTokens>;
  cancel(): void;
}

const PATIENCE_MS = 5 * 60_000;
const CALLBACK = '/callback';

/** EL1, RFC 8252, RFC 7636: a listener on 127.0.0.1 at a random port, used once, with `state` and S256. */
export async function startLoopbackSignIn(options: { api: ApiClient; about: AboutDevice; patienceMs?: number }): Promise<LoopbackSignIn> {
  const { api, about } = options;
  const verifier = randomBytes(48).toString('base64url');
  const state = randomBytes(24).toString('base64url');
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}${CALLBACK}`;
  let cancel!: () => void;
  const code = new Promise<string>((resolve, reject) => {
    cancel = () => reject(new AppError('timeout', 'Signing in was cancelled.'));
    const timer = setTimeout(
      () => reject(new AppError('timeout', 'The browser did not come back within five minutes. Start signing in again.')),
      options.patienceMs ?? PATIENCE_MS,
    );
    timer.unref();
    server.on('request', (request, response) => answer(request, response, state, resolve, reject));
  });
  const tokens = code
    .finally(() => {
      server.close();
      server.closeIdleConnections();
    })
    .then((found) => api.call('auth.pkceExchange', { code: found, codeVerifier: verifier, redirectUri }));
  tokens.catch(() => undefined);
  return { url: authorizeUrl(api.server, about, { redirectUri, state, verifier }), tokens, cancel };
}

function authorizeUrl(server: string, about: AboutDevice, secret: { redirectUri: string; state: string; verifier: string }): string {
  const url = new URL('/authorize', server);
  const challenge = createHash('sha256').update(secret.verifier).digest('base64url');
  const { name, kind, platform, deviceId } = about;
  const query = {
    name,
    kind,
    platform,
    ...(deviceId && { device_id: deviceId }),
    code_challenge: challenge,
    redirect_uri: secret.redirectUri,
    state: secret.state,
  };
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url.toString();
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  state: string,
  resolve: (code: string) => void,
  reject: (error: Error) => void,
): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const given = url.searchParams.get('state') ?? '';
  // A page that guesses the port must not be able to end or to finish a sign-in.
  if (request.method !== 'GET' || url.pathname !== CALLBACK || !same(given, state)) {
    page(response, 404, 'This page is not part of a sign-in.');
    return;
  }
  const code = url.searchParams.get('code');
  if (!code) {
    page(response, 200, 'The sign-in was refused. You can close this window.');
    reject(new AppError('forbidden', 'The sign-in was refused in the browser.'));
    return;
  }
  page(response, 200, 'You are signed in. You can close this window and go back to the app.');
  resolve(code);
}

function page(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(
    `<!doctype html><meta charset="utf-8"><title>MarkCo</title><body style="font:16px system-ui;margin:20vh auto;max-width:30em;text-align:center"><p>${text}</p>`,
  );
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
