import type { IncomingMessage, ServerResponse } from 'node:http';
import { redeemPairing } from '../auth/pairing.ts';
import { sessionCookie } from '../auth/session-cookie.ts';
import { addressOf } from '../context.ts';
import { RATES } from '../rate-limiter.ts';
import type { Resources } from '../resources.ts';
import { sendPage } from './respond.ts';

/** `/pair?code=…`: signs this browser in as the person at the computer that showed the code. Works once. */
export async function servePairing(resources: Resources, req: IncomingMessage, res: ServerResponse, url: URL): Promise<void> {
  resources.limiter.take(RATES.userCode, req.socket.remoteAddress ?? 'unknown');
  const session = resources.allowLocalUser
    ? await redeemPairing(resources.db, url.searchParams.get('code') ?? '', resources.clock.now())
    : null;
  if (!session) {
    return sendPage(
      res,
      410,
      'This link does not work any more',
      'It works once and for five minutes. Start MarkCo with --lan again to get a new one.',
    );
  }
  const cookie = sessionCookie(session.token, session.expires, addressOf(req).secure);
  res.writeHead(303, { location: '/', 'set-cookie': cookie, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).end();
}
