import { createHash } from 'node:crypto';
import type { putAssetInput, putAssetReply } from '@markco/core/contract/runs';
import { AppError } from '@markco/core/errors';
import { inTx } from '@markco/db/in-tx';
import type { z } from 'zod';
import type { Principal } from '../auth/principal.ts';
import type { Resources } from '../resources.ts';
import { lockRun } from '../run-engine/lock-run.ts';
import { agentRun } from './agent-run.ts';
import { signAssetAddress } from './asset-address.ts';
import { imageSize } from './image-size.ts';

/** RU18, in bytes. */
export const MAX_RUN_ASSET_BYTES = 50 * 1024 * 1024;
const MIME = /^[a-z0-9][a-z0-9.+-]*\/[a-z0-9][a-z0-9.+-]*$/;

/**
 * RU18, RU19: keeps the bytes of an output under their SHA-256, for the owner of the run. The same bytes again are one row.
 * @throws AppError not_found, bad_request, too_large
 */
export async function putAsset(
  resources: Resources,
  principal: Principal,
  input: z.output<typeof putAssetInput>,
): Promise<z.output<typeof putAssetReply>> {
  const run = await agentRun(resources, principal, input.runId);
  if (!MIME.test(input.mimeType)) throw new AppError('bad_request', 'The type of this output is not a media type such as image/png.');
  const bytes = Buffer.from(input.base64, 'base64');
  if (bytes.length === 0) throw new AppError('bad_request', 'This output has no bytes.');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const dimensions = imageSize(input.mimeType, bytes);
  const { userId, projectId } = run;
  await inTx(resources.db, async (tx) => {
    await lockRun(tx, run.id);
    const where = { userId_sha256: { userId, sha256 } };
    if (await tx.asset.findUnique({ where, select: { sha256: true } })) return;
    const used = await tx.asset.aggregate({ where: { runId: run.id }, _sum: { size: true } });
    if ((used._sum.size ?? 0) + bytes.length > MAX_RUN_ASSET_BYTES) {
      throw new AppError('too_large', 'The images and files of one run may have 50 MB together. Save larger ones to the project instead.');
    }
    const row = { userId, sha256, runId: run.id, projectId, name: input.name ?? null, mimeType: input.mimeType, size: bytes.length, bytes };
    await tx.asset.createMany({
      data: [{ ...row, width: dimensions?.width ?? null, height: dimensions?.height ?? null }],
      skipDuplicates: true,
    });
  });
  const url = signAssetAddress(resources.secret, userId, sha256, resources.clock.now());
  return { assetId: sha256, url, size: bytes.length, width: dimensions?.width ?? null, height: dimensions?.height ?? null };
}
