import type { IncomingMessage, ServerResponse } from 'node:http';
import { localSignIn } from '@markco/api/auth/local-user';
import { isOwnOrigin } from '@markco/api/auth/origin';
import { RATES } from '@markco/api/rate-limiter';
import type { Resources } from '@markco/api/resources';
import { AppError, ERROR_CODES } from '@markco/core/errors';

async function cookieFor(resources: Resources, req: IncomingMessage): Promise<string> {
  resources.limiter.take(RATES.signIn, req.socket.remoteAddress ?? 'unknown');
  // SE3: another site's page must not sign this browser in as somebody.
  if (!isOwnOrigin(req.headers, resources.publicUrl)) throw new AppError('forbidden', 'Open MarkCo itself to sign in.');
  const entered = await localSignIn(resources, req);
  if (entered) return entered.cookie;
  throw new AppError('forbidden', 'This works only in a browser on the computer that runs MarkCo. Use another way to sign in.');
}

/** `POST /auth/local`: lets in whoever sits at this computer. Answers true when the request was this one. */
export function handleLocalSignIn(resources: Resources, req: IncomingMessage, res: ServerResponse): boolean {
  if (req.method !== 'POST' || req.url !== '/auth/local') return false;
  cookieFor(resources, req).then(
    (cookie) => res.writeHead(204, { 'set-cookie': cookie, 'cache-control': 'no-store' }).end(),
    (error: unknown) => {
      const known = error instanceof AppError ? error : new AppError('internal', 'Signing in failed. Try again.', { cause: error });
      if (known.code === 'internal') resources.log.error({ err: error }, 'local sign-in failed');
      res.writeHead(ERROR_CODES[known.code].http, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      res.end(JSON.stringify({ error: { code: known.code, message: known.userMessage } }));
    },
  );
  return true;
}
