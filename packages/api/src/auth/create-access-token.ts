import type { DbOrTx } from '@markco/db/client';
import { TOKEN_PREFIX } from './authenticate.ts';
import { randomToken, sha256Hex } from './hash.ts';

/** Makes a personal access token, or with scope `worker` the service credential of cloud workers (AG6). Only its hash is kept. */
export async function createAccessToken(
  db: DbOrTx,
  given: { userId: string; name: string; expiresInDays?: number | undefined; scope?: 'user' | 'worker'; now: Date },
) {
  const token = randomToken(TOKEN_PREFIX);
  const view = await db.accessToken.create({
    data: {
      ...{ userId: given.userId, name: given.name, tokenHash: sha256Hex(token), scope: given.scope ?? 'user', createdAt: given.now },
      expiresAt: given.expiresInDays ? new Date(given.now.getTime() + given.expiresInDays * 86_400_000) : null,
    },
    select: { id: true, name: true, createdAt: true, lastUsedAt: true, expiresAt: true },
  });
  return { token, view };
}
