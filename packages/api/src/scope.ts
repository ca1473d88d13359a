import { notFound } from '@markco/core/errors';
import type { DbOrTx, Prisma } from '@markco/db/client';
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

/** Columns that hold whole texts and states: read only where they are wanted. */
export const HEAVY_COLUMNS = { yjsState: true, contentText: true } as const satisfies Prisma.DocumentOmit;

export type Scope = ReturnType<typeof scoped>;

function uuid(id: string, what: string): string {
  return z.uuid().safeParse(id).success ? id : missing(what);
}

function missing(what: string): never {
  throw notFound(what);
}
