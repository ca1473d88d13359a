import type { ServerResponse } from 'node:http';
import { notFound } from '@markco/core/errors';
import { parseAssetPath } from '@markco/core/project/doc-path';
import type { ApiContext } from '../context.ts';
import { scoped } from '../scope.ts';
import { serveAsset } from './serve-asset.ts';

/** `path` as it stands in a document at `docPath`, relative to the project; null where it leaves the project. */
export function resolveBeside(docPath: string, path: string): string | null {
  if (path === '') return null;
  const segments = path.startsWith('/') ? [] : docPath.split('/').slice(0, -1);
  for (const segment of path.split('/')) {
    if (segment === '..') {
      if (segments.pop() === undefined) return null;
    } else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const parsed = parseAssetPath(segments.join('/'));
  return parsed.ok ? parsed.path : null;
}

/**
 * RU19, RU21: an image that a run of the project wrote beside its documents, by the relative link that stands in the document. The newest
 * run that wrote the file counts, as it does on disk.
 */
export async function serveDocumentAsset(ctx: ApiContext, res: ServerResponse, documentId: string, query: URLSearchParams): Promise<void> {
  if (!ctx.principal) throw notFound('The file');
  const { db } = ctx.resources;
  const document = await scoped(db, ctx.principal).document(documentId);
  const path = resolveBeside(document.docPath, query.get('path') ?? '');
  if (!path) throw notFound('The file');
  const rows = await db.$queryRaw<{ sha256: string }[]>`
    SELECT e.body->>'assetId' AS sha256
    FROM run_events e JOIN runs r ON r.id = e.run_id
    WHERE r.user_id = ${document.userId}::uuid AND r.project_id = ${document.projectId}::uuid
      AND e.kind = 'asset' AND e.body->>'path' = ${path}
    ORDER BY e.at DESC LIMIT 1`;
  if (!rows[0]) throw notFound('The file');
  await serveAsset(ctx, res, rows[0].sha256, new URLSearchParams(), 'private, no-cache');
}
