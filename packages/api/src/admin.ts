import type { DeviceTokens } from '@markco/core/contract/auth';
import { AppError, notFound } from '@markco/core/errors';
import { flagsSchema } from '@markco/core/flags';
import type { Db, Tx } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import { publishInTx } from '@markco/db/postgres-bus';
import { z } from 'zod';
import { createAccessToken } from './auth/create-access-token.ts';
import { type AboutDevice, signInDevice } from './auth/issue-tokens.ts';
import { localUser } from './auth/local-user.ts';
import { FLAG_NAMES, type FlagName } from './env.ts';

export { makePairingLink as pairingLink } from './auth/pairing.ts';

// What an operator may do from the command line, on the database itself: no server has to run.

/** A person by e-mail address; `conflict` where there is one. */
export async function userCreate(db: Db, given: { email: string; name?: string | undefined }) {
  const email = z.email({ error: 'That is not an e-mail address.' }).safeParse(given.email);
  if (!email.success) throw new AppError('bad_request', `"${given.email}" is not an e-mail address.`);
  const address = email.data.toLowerCase();
  if (await db.user.findUnique({ where: { email: address } }))
    throw new AppError('conflict', `There is already a person with the address ${address}.`);
  return db.user.create({ data: { email: address, name: given.name ?? null }, select: { id: true, email: true, name: true } });
}

/** A personal access token for a person, by id or e-mail address; `local`: the local user. The token is shown this once. */
export async function tokenCreate(db: Db, given: { user: string; name: string; expiresInDays?: number | undefined }): Promise<string> {
  return inTx(db, async (tx) => {
    const user = await findUser(tx, given.user);
    const { token } = await createAccessToken(tx, { ...given, userId: user.id, now: new Date() });
    return token;
  });
}

/** The service credential of this installation's cloud workers (AG6); an earlier one ends. */
export async function workerToken(db: Db, name = 'cloud worker'): Promise<string> {
  return inTx(db, async (tx) => {
    const service =
      (await tx.user.findFirst({ where: { kind: 'service' } })) ??
      (await tx.user.create({ data: { kind: 'service', name: 'MarkCo cloud' } }));
    const earlier = { userId: service.id, scope: 'worker', name, revokedAt: null };
    await tx.accessToken.updateMany({ where: earlier, data: { revokedAt: new Date() } });
    await publishInTx(tx, { topic: 'access.changed', userId: service.id });
    const { token } = await createAccessToken(tx, { userId: service.id, name, scope: 'worker', now: new Date() });
    return token;
  });
}

/** Signs a device of the local user in without asking: "This computer". `about.deviceId`: the device it was before. */
export async function localDevice(db: Db, secret: Uint8Array, about: AboutDevice): Promise<DeviceTokens> {
  const issuer = { secret, clock: { now: () => new Date() } };
  return inTx(db, async (tx) => signInDevice(tx, issuer, (await localUser(tx)).id, about));
}

export interface FlagRow {
  flag: string;
  value: string;
  userId: string | null;
  percent: number | null;
}

/** Every override, the environment's own values not among them. */
export const flagsList = (db: Db): Promise<FlagRow[]> =>
  db.flagOverride.findMany({
    select: { flag: true, value: true, userId: true, percent: true },
    orderBy: [{ flag: 'asc' }, { createdAt: 'asc' }],
  });

/** OP1: sets a flag for one person, or for a share of everyone (default all); in force within 5 s. */
export async function flagsSet(
  db: Db,
  given: { flag: string; value: string; user?: string | undefined; percent?: number | undefined },
): Promise<void> {
  const flag = checkedFlag(given.flag);
  const parsed = flagsSchema.shape[flag].safeParse(given.value);
  if (!parsed.success) throw new AppError('bad_request', `${flag} is one of ${allowedValues(flag)}.`);
  const percent = given.user ? null : (given.percent ?? 100);
  if (percent !== null && !(percent >= 0 && percent <= 100)) throw new AppError('bad_request', 'A percentage is a number from 0 to 100.');
  await inTx(db, async (tx) => {
    const userId = given.user ? (await findUser(tx, given.user)).id : null;
    await tx.flagOverride.deleteMany({ where: { flag, userId } });
    await tx.flagOverride.create({ data: { flag, value: given.value, userId, percent } });
    await publishInTx(tx, { topic: 'flags.changed' });
  });
}

/** Takes overrides of a flag back: of one person, or all of them. Returns how many there were. */
export async function flagsClear(db: Db, given: { flag: string; user?: string | undefined }): Promise<number> {
  const flag = checkedFlag(given.flag);
  return inTx(db, async (tx) => {
    const userId = given.user ? (await findUser(tx, given.user)).id : undefined;
    const { count } = await tx.flagOverride.deleteMany({ where: { flag, ...(userId && { userId }) } });
    await publishInTx(tx, { topic: 'flags.changed' });
    return count;
  });
}

/** What a flag may be set to, in words. */
export const allowedValues = (flag: FlagName): string => (flag === 'SYNC_MODE' ? 'legacy, mirror, relay_primary' : '0, 1');

function checkedFlag(flag: string): FlagName {
  const found = FLAG_NAMES.find((name) => name === flag);
  if (!found) throw new AppError('bad_request', `There is no flag ${flag}; there are ${FLAG_NAMES.join(', ')}.`);
  return found;
}

async function findUser(tx: Tx, user: string): Promise<{ id: string }> {
  if (user === 'local') return localUser(tx);
  const where = z.uuid().safeParse(user).success ? { id: user } : { email: user.toLowerCase() };
  const found = await tx.user.findFirst({ where, select: { id: true } });
  if (!found) throw notFound('The person');
  return found;
}
