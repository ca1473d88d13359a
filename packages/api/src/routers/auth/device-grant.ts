import {
  deviceDecideInput,
  deviceLookupInput,
  deviceLookupReply,
  devicePollInput,
  devicePollReply,
  deviceStartInput,
  deviceStartReply,
} from '@markco/core/contract/auth';
import { AppError } from '@markco/core/errors';
import type { DbOrTx, Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import { z } from 'zod';
import { randomToken, sha256Hex } from '../../auth/hash.ts';
import { signInDevice } from '../../auth/issue-tokens.ts';
import { RATES } from '../../rate-limiter.ts';
import type { Resources } from '../../resources.ts';
import { limited, publicProcedure, sessionProcedure } from '../../trpc.ts';
import { newUserCode, readUserCode } from './user-code.ts';

const EXPIRES_S = 900;
const INTERVAL_S = 5;
const SLOW_DOWN_S = 5;
// Timers and networks are not exact: a poll a little early is not punished.
const SLACK_MS = 500;

/** RFC 8628, 3.1: a headless device asks for a code that a person types elsewhere. */
export const deviceStart = publicProcedure
  .use(limited(RATES.signIn))
  .input(deviceStartInput)
  .output(deviceStartReply)
  .mutation(async ({ ctx, input }) => {
    const { db, clock, publicUrl } = ctx.resources;
    const deviceCode = randomToken('mkd_');
    const userCode = newUserCode();
    const now = clock.now();
    // What nobody came back for; there is no other moment to tidy.
    await db.deviceGrant.deleteMany({ where: { expiresAt: { lt: new Date(now.getTime() - 86_400_000) } } });
    await db.deviceGrant.create({
      data: {
        ...{ kind: 'device_code', codeHash: sha256Hex(deviceCode), userCode, deviceId: input.deviceId ?? null },
        ...{ deviceName: input.name, deviceKind: input.kind, platform: input.platform, intervalS: INTERVAL_S },
        ...{ createdAt: now, expiresAt: new Date(now.getTime() + EXPIRES_S * 1000) },
      },
    });
    const verificationUri = `${publicUrl}/device`;
    const verificationUriComplete = `${verificationUri}?code=${userCode}`;
    return { deviceCode, userCode, verificationUri, verificationUriComplete, expiresIn: EXPIRES_S, interval: INTERVAL_S };
  });

/** RFC 8628, 3.4 and 3.5: the device asks whether the person decided. Too often is answered with `slow_down`. */
export const devicePoll = publicProcedure
  .use(limited(RATES.devicePoll))
  .input(devicePollInput)
  .output(devicePollReply)
  .mutation(({ ctx, input }) => inTx(ctx.resources.db, (tx) => poll(ctx.resources, tx, sha256Hex(input.deviceCode))));

async function poll(resources: Resources, tx: Tx, codeHash: string): Promise<z.input<typeof devicePollReply>> {
  const now = resources.clock.now();
  await tx.$queryRaw`SELECT id FROM device_grants WHERE code_hash = ${codeHash} FOR UPDATE`;
  const grant = await tx.deviceGrant.findUnique({ where: { codeHash } });
  if (grant?.kind !== 'device_code' || grant.expiresAt <= now || grant.state === 'used') return { status: 'expired' };
  if (grant.state === 'denied') return { status: 'denied' };
  if (grant.state === 'approved' && grant.userId) {
    await tx.deviceGrant.update({ where: { id: grant.id }, data: { state: 'used' } });
    const about = { name: grant.deviceName, kind: grant.deviceKind, platform: grant.platform, deviceId: grant.deviceId };
    return { status: 'granted', tokens: await signInDevice(tx, resources, grant.userId, about) };
  }
  const early = grant.lastPollAt !== null && now.getTime() - grant.lastPollAt.getTime() < grant.intervalS * 1000 - SLACK_MS;
  const interval = grant.intervalS + (early ? SLOW_DOWN_S : 0);
  await tx.deviceGrant.update({ where: { id: grant.id }, data: { lastPollAt: now, intervalS: interval } });
  return { status: early ? 'slow_down' : 'pending', interval };
}

/** EL1: what the person is about to let in. */
export const deviceLookup = sessionProcedure
  .use(limited(RATES.userCode))
  .input(deviceLookupInput)
  .output(deviceLookupReply)
  .query(async ({ ctx, input }) => {
    const grant = await pendingGrant(ctx.resources.db, input.userCode, ctx.resources.clock.now());
    return { name: grant.deviceName, kind: grant.deviceKind as 'headless', platform: grant.platform, expiresAt: grant.expiresAt };
  });

/** EL1: the person's word. A code is decided once. */
export const deviceDecide = sessionProcedure
  .use(limited(RATES.userCode))
  .input(deviceDecideInput)
  .output(z.object({ approved: z.boolean() }))
  .mutation(async ({ ctx, input }) => {
    const { db, clock } = ctx.resources;
    const grant = await pendingGrant(db, input.userCode, clock.now());
    const state = input.approve ? 'approved' : 'denied';
    const { count } = await db.deviceGrant.updateMany({
      where: { id: grant.id, state: 'pending' },
      data: { state, userId: ctx.principal.userId },
    });
    if (count === 0) throw unknownCode();
    return { approved: input.approve };
  });

async function pendingGrant(db: DbOrTx, typed: string, now: Date) {
  const userCode = readUserCode(typed);
  const where = { kind: 'device_code', state: 'pending', expiresAt: { gt: now } };
  const grant = userCode ? await db.deviceGrant.findFirst({ where: { ...where, userCode } }) : null;
  if (!grant) throw unknownCode();
  return grant;
}

const unknownCode = () =>
  new AppError('not_found', 'This code is not known, or it is too old. Check it, or ask your device for a new one.');
