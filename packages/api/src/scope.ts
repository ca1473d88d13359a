import { notFound } from '@markco/core/errors';
import type { DbOrTx, Prisma } from '@markco/db/client';
import type { SqlRunner } from '@markco/db/sql';
import { z } from 'zod';
import type { Principal } from './auth/principal.ts';

/**
 * SE1: the one place where rows are found by an id from outside. Every finder asks for the owner too and answers
 * `not_found` for what is another person's, as if it did not exist.
 */
export function scoped(db: DbOrTx, principal: Pick<Principal, 'userId'>) {
  const { userId } = principal;
  return {
    userId,
    async project(id: string) {
      return (await db.project.findFirst({ where: { id: uuid(id, 'The project'), userId, deletedAt: null } })) ?? missing('The project');
    },
    async projectBySlug(slug: string) {
      return (await db.project.findFirst({ where: { slug, userId, deletedAt: null } })) ?? missing('The project');
    },
    /** `deleted`: also find it while it is in the bin. */
    async document(id: string, options: { deleted?: boolean } = {}) {
      const where = { id: uuid(id, 'The document'), userId, projectRow: { deletedAt: null }, ...(!options.deleted && { deletedAt: null }) };
      return (await db.document.findFirst({ where, omit: HEAVY_COLUMNS })) ?? missing('The document');
    },
    async run(id: string) {
      return (await db.run.findFirst({ where: { id: uuid(id, 'The run'), userId } })) ?? missing('The run');
    },
    async device(id: string) {
      return (await db.device.findFirst({ where: { id: uuid(id, 'The device'), userId, revokedAt: null } })) ?? missing('The device');
    },
    async asset(sha256: string) {
      return (await db.asset.findUnique({ where: { userId_sha256: { userId, sha256 } } })) ?? missing('The file');
    },
  };
}

/** SE1 for the paths a person waits on: the same answers in plain SQL. */
export function scopedSql(sql: SqlRunner, principal: Pick<Principal, 'userId'>) {
  const { userId } = principal;
  return {
    /** A document in its project, neither of them deleted. */
    async place(projectId: string, documentId: string): Promise<Place> {
      uuid(projectId, 'The project');
      const [row] = await sql.rows<Place & { documentThere: boolean }>(
        `SELECT p.id AS "projectId", p.slug AS "projectSlug", p.name AS "projectName", d.id IS NOT NULL AS "documentThere",
           d.project_id AS "documentProjectId", d.doc_path AS "docPath"
         FROM projects p LEFT JOIN documents d
           ON d.id = $3::uuid AND d.user_id = p.user_id AND d.deleted_at IS NULL
           AND EXISTS (SELECT 1 FROM projects own WHERE own.id = d.project_id AND own.deleted_at IS NULL)
         WHERE p.id = $2::uuid AND p.user_id = $1::uuid AND p.deleted_at IS NULL`,
        [userId, projectId, uuid(documentId, 'The document')],
      );
      if (!row) missing('The project');
      return row.documentThere ? row : missing('The document');
    },
    async run(id: string): Promise<RunPlace> {
      const [row] = await sql.rows<{ projectId: string; projectSlug: string }>(
        `SELECT r.project_id AS "projectId", p.slug AS "projectSlug" FROM runs r JOIN projects p ON p.id = r.project_id
         WHERE r.id = $2::uuid AND r.user_id = $1::uuid`,
        [userId, uuid(id, 'The run')],
      );
      return row ?? missing('The run');
    },
  };
}

/** The project of a run that is there. */
export interface RunPlace {
  readonly projectId: string;
  readonly projectSlug: string;
}

/** Where a run belongs. */
export interface Place {
  readonly projectId: string;
  readonly projectSlug: string;
  readonly projectName: string;
  /** The project the document is in, which need not be the one that was named. */
  readonly documentProjectId: string;
  readonly docPath: string;
}

/** Columns that hold whole texts and states: read only where they are wanted. */
export const HEAVY_COLUMNS = { yjsState: true, contentText: true } as const satisfies Prisma.DocumentOmit;

export type Scope = ReturnType<typeof scoped>;

function uuid(id: string, what: string): string {
  return z.uuid().safeParse(id).success ? id : missing(what);
}

function missing(what: string): never {
  throw notFound(what);
}
