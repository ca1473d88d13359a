import { sessionView } from '@markco/core/contract/auth';
import { notFound } from '@markco/core/errors';
import { id } from '@markco/core/ids';
import { inTx } from '@markco/db/in-tx';
import { z } from 'zod';
import { revokeSession } from '../../auth/revoke.ts';
import { router, sessionProcedure } from '../../trpc.ts';

/** The person's browser sessions. */
export const sessionsRouter = router({
  list: sessionProcedure.output(z.array(sessionView)).query(async ({ ctx }) => {
    const { db, clock } = ctx.resources;
    const rows = await db.session.findMany({
      where: { userId: ctx.principal.userId, expires: { gt: clock.now() } },
      orderBy: { createdAt: 'desc' },
    });
    return rows.map((row) => ({ id: row.id, current: row.id === ctx.principal.sid, createdAt: row.createdAt, expires: row.expires }));
  }),
  revoke: sessionProcedure
    .input(z.object({ id }))
    .output(z.object({ revoked: z.literal(true) }))
    .mutation(({ ctx, input }) =>
      inTx(ctx.resources.db, async (tx) => {
        if (!(await revokeSession(tx, ctx.resources, { id: input.id, userId: ctx.principal.userId }))) throw notFound('The session');
        return { revoked: true as const };
      }),
    ),
});
