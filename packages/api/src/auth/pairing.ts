import type { Db } from '@markco/db/client';
import { inTx } from '@markco/db/in-tx';
import { randomToken, sha256Hex } from './hash.ts';
import { createSession, localUser } from './local-user.ts';

const PAIRING_MS = 5 * 60_000;

/** A link that signs one phone in as the local user: once, within five minutes. */
export async function makePairingLink(db: Db, publicUrl: string, now = new Date()): Promise<string> {
  const code = randomToken('');
  await inTx(db, async (tx) => {
    const { id: userId } = await localUser(tx);
    await tx.deviceGrant.create({
      data: {
        ...{ kind: 'pairing', codeHash: sha256Hex(code), userId, state: 'approved' },
        ...{
          deviceName: 'Phone',
          deviceKind: 'browser',
          platform: 'other',
          expiresAt: new Date(now.getTime() + PAIRING_MS),
          createdAt: now,
        },
      },
    });
  });
  return `${publicUrl}/pair?code=${code}`;
}

/** Uses a pairing code up; null where it was used, is too old or never was. */
export async function redeemPairing(db: Db, code: string, now: Date): Promise<{ token: string; expires: Date } | null> {
  return inTx(db, async (tx) => {
    const where = { kind: 'pairing', codeHash: sha256Hex(code), state: 'approved', expiresAt: { gt: now } };
    const [used] = await tx.deviceGrant.updateManyAndReturn({ where, data: { state: 'used' } });
    return used?.userId ? createSession(tx, used.userId, now) : null;
  });
}
