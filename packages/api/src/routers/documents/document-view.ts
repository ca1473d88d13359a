import type { DocumentView } from '@markco/core/contract/projects';
import { titleOf } from '@markco/core/project/page-names';
import type { Prisma } from '@markco/db/client';
import type { HEAVY_COLUMNS } from '../../scope.ts';

/** A row without its text and state. */
export type DocumentRow = Prisma.DocumentGetPayload<{ omit: typeof HEAVY_COLUMNS }>;

const DELETED = /^\.deleted\/[0-9a-f-]{36}\//;

/** Where a row is kept while it is in the bin, so that its path is free again. */
export const deletedPath = (id: string, path: string): string => `.deleted/${id}/${path}`;

/** The path a person knows, also of a row in the bin. */
export const visiblePath = (row: Pick<DocumentRow, 'docPath'>): string => row.docPath.replace(DELETED, '');

/** What listings show of a row. */
export function toDocumentView(row: DocumentRow): DocumentView {
  const path = visiblePath(row);
  return {
    id: row.id,
    projectId: row.projectId,
    path,
    title: titleOf(path),
    epoch: row.epoch,
    size: row.size,
    contentHash: row.contentHash,
    updatedAt: row.updatedAt,
    createdAt: row.createdAt,
    deletedAt: row.deletedAt,
    status: row.status as DocumentView['status'],
  };
}
