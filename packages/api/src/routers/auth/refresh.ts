import { type DeviceTokens, deviceTokens, refreshInput } from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import type { Tx } from '@markco/db/client';
import type { RefreshToken } from '@markco/db/generated/client';
import { inTx } from '@markco/db/in-tx';
import { sha256Hex } from '../../auth/hash.ts';
import { issuePair } from '../../auth/issue-tokens.ts';
import { revokeDevice } from '../../auth/revoke.ts';
import type { ApiContext } from '../../context.ts';
import { RATES } from '../../rate-limiter.ts';
import { limited, publicProcedure } from '../../trpc.ts';

/** EL2: a token that was used gives a pair again for this long, whatever became of the first one: processes of one device may ask at once. */
const GRACE_MS = 30_000;

/**
 * EL2: a refresh token for a new pair. Using one again gives a valid pair within 30 s, and as long as nobody used what followed it: then the
 * answer was lost, as in a laptop that fell asleep before it came. Anything else means that two parties hold it, and the device is signed out.
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
  // One at a time for a device: two that hold tokens of one sign-in must see what the other did.
  await tx.$queryRaw`SELECT d.id FROM devices d JOIN refresh_tokens r ON r.device_id = d.id WHERE r.token_hash = ${tokenHash} FOR NO KEY UPDATE OF d`;
  const row = await tx.refreshToken.findUnique({ where: { tokenHash }, include: { device: { select: { revokedAt: true } } } });
  const now = resources.clock.now();
  if (!row || row.device.revokedAt || row.expiresAt <= now) return null;
  const late = row.usedAt !== null && now.getTime() - row.usedAt.getTime() > GRACE_MS;
  if (row.revokedAt ? await goesOn(tx, row) : late && (await wasFollowed(tx, row))) {
    log.warn(
      { user_id: row.userId, device_id: row.deviceId, reason: 'refresh_token_reused' },
      'a refresh token was used again: the device is signed out',
    );
    await revokeDevice(tx, resources, row);
    return null;
  }
  if (row.revokedAt) return null;
  const { userId, deviceId, familyId } = row;
  // Its answer was lost: who comes with that one is somebody else.
  if (late) await tx.refreshToken.updateMany({ where: { familyId, usedAt: null, revokedAt: null }, data: { revokedAt: now } });
  return issuePair(tx, resources, { userId, deviceId, familyId, replaces: row.id });
}

/** Something that followed this token was used: its answer had arrived. */
async function wasFollowed(tx: Tx, { id, familyId, usedAt }: RefreshToken): Promise<boolean> {
  const used = { id: { not: id }, familyId, createdAt: { gte: usedAt! }, usedAt: { not: null } };
  return (await tx.refreshToken.count({ where: used })) > 0;
}

/** This token was taken back, and its sign-in goes on with another one: not so where the device signed out as a whole. */
const goesOn = async (tx: Tx, { familyId }: RefreshToken): Promise<boolean> =>
  (await tx.refreshToken.count({ where: { familyId, revokedAt: null } })) > 0;
