import { createHash } from 'node:crypto';
import { deviceTokens, pkceAuthorizeInput, pkceAuthorizeReply, pkceExchangeInput } from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import { inTx } from '@markco/db/in-tx';
import { randomToken, sameText, sha256Hex } from '../../auth/hash.ts';
import { signInDevice } from '../../auth/issue-tokens.ts';
import { RATES } from '../../rate-limiter.ts';
import { limited, publicProcedure, sessionProcedure } from '../../trpc.ts';

const CODE_MS = 2 * 60_000;

/** EL1, RFC 8252: the person, at the page the desktop opened, lets it in. Only an address on this very computer gets the code. */
export const pkceAuthorize = sessionProcedure
  .use(limited(RATES.signIn))
  .input(pkceAuthorizeInput)
  .output(pkceAuthorizeReply)
  .mutation(async ({ ctx, input }) => {
    const redirect = loopbackUri(input.redirectUri);
    const { db, clock } = ctx.resources;
    const code = randomToken('mkc_');
    const now = clock.now();
    await db.deviceGrant.create({
      data: {
        ...{ kind: 'pkce', state: 'approved', codeHash: sha256Hex(code), userId: ctx.principal.userId, deviceId: input.deviceId ?? null },
        ...{ deviceName: input.name, deviceKind: input.kind, platform: input.platform },
        ...{ codeChallenge: input.codeChallenge, redirectUri: input.redirectUri },
        ...{ createdAt: now, expiresAt: new Date(now.getTime() + CODE_MS) },
      },
    });
    redirect.searchParams.set('code', code);
    redirect.searchParams.set('state', input.state);
    return { redirectTo: redirect.toString() };
  });

/** RFC 7636: the desktop shows that it is the one that asked. A code works once. */
export const pkceExchange = publicProcedure
  .use(limited(RATES.signIn))
  .input(pkceExchangeInput)
  .output(deviceTokens)
  .mutation(({ ctx, input }) =>
    inTx(ctx.resources.db, async (tx) => {
      const where = { kind: 'pkce', codeHash: sha256Hex(input.code), state: 'approved', expiresAt: { gt: ctx.resources.clock.now() } };
      const grant = await tx.deviceGrant.findFirst({ where });
      const challenge = createHash('sha256').update(input.codeVerifier).digest('base64url');
      const proven = grant?.userId && grant.redirectUri === input.redirectUri && sameText(grant.codeChallenge ?? '', challenge);
      if (!grant?.userId || !proven) throw refused();
      const { count } = await tx.deviceGrant.updateMany({ where: { id: grant.id, state: 'approved' }, data: { state: 'used' } });
      if (count === 0) throw refused();
      const about = { name: grant.deviceName, kind: grant.deviceKind, platform: grant.platform, deviceId: grant.deviceId };
      return signInDevice(tx, ctx.resources, grant.userId, about);
    }),
  );

/** RFC 8252, 7.3: the loopback address by number, any port; `localhost` could be made to resolve elsewhere. */
function loopbackUri(text: string): URL {
  const uri = URL.canParse(text) ? new URL(text) : null;
  const onLoopback = uri?.protocol === 'http:' && (uri.hostname === '127.0.0.1' || uri.hostname === '[::1]');
  if (!uri || !onLoopback || !uri.port || uri.username || uri.password || uri.hash) {
    throw new AppError(
      'bad_request',
      'The app asked to be answered at an address that is not on this computer. Start signing in again from the app.',
    );
  }
  return uri;
}

const refused = () =>
  new AppError('unauthenticated', 'This sign-in is not valid any more. Start signing in again from the app.', {
    log: 'pkce exchange refused',
  });
