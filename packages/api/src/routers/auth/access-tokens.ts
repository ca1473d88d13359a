import { accessTokenView, createAccessTokenInput, createAccessTokenReply } from '@markco/core/contract/auth';
import { notFound } from '@markco/core/errors';
import { id } from '@markco/core/ids';
import { inTx } from '@markco/db/in-tx';
import { z } from 'zod';
import { createAccessToken } from '../../auth/create-access-token.ts';
import { revokeAccessToken } from '../../auth/revoke.ts';
import { RATES } from '../../rate-limiter.ts';
import { limited, router, sessionProcedure } from '../../trpc.ts';

/** Personal access tokens, for scripts. The token itself is shown once. */
export const accessTokensRouter = router({
  list: sessionProcedure.output(z.array(accessTokenView)).query(({ ctx }) =>
    ctx.resources.db.accessToken.findMany({
      where: { userId: ctx.principal.userId, revokedAt: null },
      select: { id: true, name: true, createdAt: true, lastUsedAt: true, expiresAt: true },
      orderBy: { createdAt: 'desc' },
    }),
  ),
  create: sessionProcedure
    .use(limited(RATES.tokens))
    .input(createAccessTokenInput)
    .output(createAccessTokenReply)
    .mutation(({ ctx, input }) =>
      createAccessToken(ctx.resources.db, { ...input, userId: ctx.principal.userId, now: ctx.resources.clock.now() }),
    ),
  revoke: sessionProcedure
    .input(z.object({ id }))
    .output(z.object({ revoked: z.literal(true) }))
    .mutation(({ ctx, input }) =>
      inTx(ctx.resources.db, async (tx) => {
        if (!(await revokeAccessToken(tx, ctx.resources, { id: input.id, userId: ctx.principal.userId }))) throw notFound('The token');
        return { revoked: true as const };
      }),
    ),
});
