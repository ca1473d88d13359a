import type { ServerResponse } from 'node:http';
import { notFound } from '@markco/core/errors';
import { verifyAssetAddress } from '../agents/asset-address.ts';
import type { ApiContext } from '../context.ts';
import { scoped } from '../scope.ts';

const SAFE_TYPE = /^[a-z0-9][a-z0-9.+-]*\/[a-z0-9][a-z0-9.+-]*(; ?charset=[a-z0-9-]+)?$/i;

/** RU19: the bytes of a run's output, for their owner or for who holds a signed address of the last hour. */
export async function serveAsset(
  ctx: ApiContext,
  res: ServerResponse,
  sha256: string,
  query: URLSearchParams,
  // The address names the bytes, so they never change; another person must not get them from a shared cache.
  caching = 'private, max-age=31536000, immutable',
): Promise<void> {
  const { db, secret, clock } = ctx.resources;
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw notFound('The file');
  const userId = verifyAssetAddress(secret, sha256, Object.fromEntries(query), clock.now()) ?? ctx.principal?.userId;
  if (!userId) throw notFound('The file');
  const asset = await scoped(db, { userId }).asset(sha256);
  res
    .writeHead(200, {
      'content-type': SAFE_TYPE.test(asset.mimeType) ? asset.mimeType : 'application/octet-stream',
      'content-length': asset.bytes.length,
      etag: `"${sha256}"`,
      'cache-control': caching,
      'x-content-type-options': 'nosniff',
      // What a run made may be HTML or SVG: opened by itself it runs nothing and reaches nothing of ours.
      'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:",
      'cross-origin-resource-policy': 'same-origin',
    })
    .end(asset.bytes);
}
