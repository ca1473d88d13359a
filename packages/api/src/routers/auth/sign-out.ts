import { AppError } from '@markco/core/errors';
import { inTx } from '@markco/db/in-tx';
import { z } from 'zod';
import { revokeDevice, revokeSession } from '../../auth/revoke.ts';
import { authedProcedure, sessionProcedure } from '../../trpc.ts';

const done = z.object({ signedOut: z.literal(true) });

/** Ends the browser session that asks. */
export const signOut = sessionProcedure.output(done).mutation(({ ctx }) =>
  inTx(ctx.resources.db, async (tx) => {
    await revokeSession(tx, ctx.resources, { id: ctx.principal.sid, userId: ctx.principal.userId });
    return { signedOut: true as const };
  }),
);

/** EL2: the device that asks signs itself out. */
export const signOutDevice = authedProcedure.output(done).mutation(({ ctx }) => {
  const { userId, deviceId } = ctx.principal;
  if (!deviceId) throw new AppError('forbidden', 'Only a device can sign itself out here.');
  return inTx(ctx.resources.db, async (tx) => {
    await revokeDevice(tx, ctx.resources, { userId, deviceId });
    return { signedOut: true as const };
  });
});
