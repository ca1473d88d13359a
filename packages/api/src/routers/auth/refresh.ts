import { type DeviceTokens, deviceTokens, refreshInput } from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import type { Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import { sha256Hex } from '../../auth/hash.ts';
import { issuePair } from '../../auth/issue-tokens.ts';
import { revokeDevice } from '../../auth/revoke.ts';
import type { ApiContext } from '../../context.ts';
import { RATES } from '../../rate-limiter.ts';
import { limited, publicProcedure } from '../../trpc.ts';

/** EL2: an answer that got lost may be asked for again for this long. */
const GRACE_MS = 30_000;

/**
 * EL2: a refresh token for a new pair. Using one again within 30 s (the answer was lost) gives a valid pair; later it means
 * that two parties hold it, and the device is signed out.
 */
export const refresh = publicProcedure
  .use(limited(RATES.signIn))
  .input(refreshInput)
  .output(deviceTokens)
  .mutation(async ({ ctx, input }) => {
    // The revocation must be committed, so the refusal is thrown outside of the transaction.
    const tokens = await inTx(ctx.resources.db, (tx) => rotate(ctx, tx, sha256Hex(input.refreshToken)));
    if (!tokens) throw new AppError('unauthenticated', 'This device is signed out. Sign in again; nothing you wrote is lost.');
    return tokens;
  });

async function rotate({ resources, log }: ApiContext, tx: Tx, tokenHash: string): Promise<DeviceTokens | null> {
  await tx.$queryRaw`SELECT id FROM refresh_tokens WHERE token_hash = ${tokenHash} FOR UPDATE`;
  const row = await tx.refreshToken.findUnique({ where: { tokenHash }, include: { device: { select: { revokedAt: true } } } });
  const now = resources.clock.now();
  if (!row || row.revokedAt || row.device.revokedAt || row.expiresAt <= now) return null;
  if (row.usedAt && now.getTime() - row.usedAt.getTime() > GRACE_MS) {
    log.warn(
      { user_id: row.userId, device_id: row.deviceId, reason: 'refresh_token_reused' },
      'a refresh token was used again: the device is signed out',
    );
    await revokeDevice(tx, resources, row);
    return null;
  }
  return issuePair(tx, resources, { userId: row.userId, deviceId: row.deviceId, familyId: row.familyId, replaces: row.id });
}
