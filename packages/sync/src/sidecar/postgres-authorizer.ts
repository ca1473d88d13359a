import type { IncomingMessage } from 'node:http';
import { id } from '@markco/core/ids';
import { CLOSE } from '@markco/core/sync/close-code';
import { uuidArray } from '@markco/db/binary-array';
import type { Db } from '@markco/db/client';
import { type Statement, StatementLane } from '@markco/db/statement-lane';
import { GroupLookup } from '../group-lookup.ts';
import type { SyncAddress } from '../relay/address.ts';
import { type Access, type Authorizer, UpgradeRefused } from '../relay/authorize.ts';
import type { DocumentRef } from '../store/document-store.ts';
import { type Bearer, byAccessToken, bySession, standing, standingKey, tokenOf } from './credentials.ts';
import { verifyTicket } from './verify-ticket.ts';

export interface PostgresAuthorizerOptions {
  readonly db: Db;
  /** The key tickets are signed with. */
  readonly secret: Uint8Array;
  /** Where our pages come from, for the Origin check of cookies. */
  readonly publicUrl: string;
}

// Personal access tokens start with this; everything else is a ticket.
const ACCESS_TOKEN_PREFIX = 'mk_';
const AT_ONCE = 200;

/**
 * SY3: lets in whoever has a ticket, a personal access token or a session of the document's owner. Another user's document
 * answers as if it did not exist (SE1). A token that does not stand is never replaced by the cookie beside it.
 */
export class PostgresAuthorizer implements Authorizer {
  readonly #options: PostgresAuthorizerOptions;
  /** Everyone who opens a document waits for these questions; the rarer ones go through Prisma. */
  readonly #lane: StatementLane;
  /** After a restart everyone comes at once, and every minute everyone is checked again: few questions, not one a socket. */
  readonly #documents: GroupLookup<DocumentRef>;
  readonly #standing: GroupLookup<true>;

  constructor(options: PostgresAuthorizerOptions) {
    this.#options = options;
    const lane = new StatementLane(options.db);
    this.#lane = lane;
    this.#documents = new GroupLookup((ids) => readRefs(lane, ids), AT_ONCE);
    this.#standing = new GroupLookup((keys) => standing(lane, keys, new Date()), AT_ONCE);
  }

  close(): Promise<void> {
    return this.#lane.close();
  }

  async authorize(request: IncomingMessage, address: SyncAddress): Promise<Access> {
    const { db, publicUrl } = this.#options;
    const token = tokenOf(request);
    if (token !== null && !token.startsWith(ACCESS_TOKEN_PREFIX)) return this.#byTicket(token, address);
    const now = new Date();
    const bearer = token === null ? await bySession(db, request, publicUrl, now) : await byAccessToken(db, token, now);
    if (!bearer) throw new UpgradeRefused(401, 'Sign in, or send a ticket or an access token, to open this document.');
    if (bearer.userId !== address.userId) throw notFound();
    const ref = await this.#byPath(bearer, address);
    if (!ref) throw notFound();
    return { ...bearer, ref, mode: 'write' };
  }

  async recheck(access: Access): Promise<{ ok: true } | { ok: false; code: number; reason: string }> {
    const [stands, found] = await Promise.all([
      this.#stands(access.userId, access.sid),
      this.#ofUser(access.ref.documentId, access.userId),
    ]);
    if (!stands) {
      return { ok: false, code: CLOSE.unauthenticated, reason: 'You were signed out. Sign in again to go on.' };
    }
    return found ? { ok: true } : { ok: false, code: CLOSE.gone, reason: 'The document was deleted.' };
  }

  async #byTicket(token: string, address: SyncAddress): Promise<Access> {
    const claims = await verifyTicket(this.#options.secret, token, new Date());
    if (!claims) throw new UpgradeRefused(401, 'The ticket is not valid or has expired. Ask for a new one.');
    // The ticket names the document by id: a rename since then does not matter.
    if (claims.sub !== address.userId) throw notFound();
    const [stands, ref] = await Promise.all([this.#stands(claims.sub, claims.sid ?? null), this.#ofUser(claims.doc, claims.sub)]);
    if (!stands) throw new UpgradeRefused(401, 'You were signed out. Sign in again.');
    if (!ref) throw notFound();
    const { sub, mode, sid, name, epoch, expiresAt } = claims;
    return { ref, userId: sub, userName: name ?? null, mode, sid: sid ?? null, expiresAt, epoch };
  }

  /** SE2. A ticket that hangs on no session stands until it expires. */
  async #stands(userId: string, sid: string | null): Promise<boolean> {
    return sid === null || (await this.#standing.get(standingKey(userId, sid))) !== null;
  }

  async #ofUser(documentId: string, userId: string): Promise<DocumentRef | null> {
    const ref = id.safeParse(documentId).success ? await this.#documents.get(documentId) : null;
    return ref?.userId === userId ? ref : null;
  }

  async #byPath(bearer: Bearer, { project, docPath }: SyncAddress): Promise<DocumentRef | null> {
    if (!id.safeParse(bearer.userId).success) return null;
    const where = { userId: bearer.userId, project, docPath, ...ALIVE };
    const row = await this.#options.db.document.findFirst({ where, select: REF });
    return row && toRef(row);
  }
}

const ALIVE = { deletedAt: null, projectRow: { deletedAt: null } } as const;
const REF = { id: true, userId: true, projectId: true, project: true, docPath: true } as const;

const READ_REFS: Statement = {
  name: 'read_refs',
  text: `SELECT d.id::text, d.user_id::text AS "userId", d.project_id::text AS "projectId", d.project, d.doc_path AS "docPath"
    FROM documents d JOIN projects p ON p.id = d.project_id
    WHERE d.id = ANY($1::uuid[]) AND d.deleted_at IS NULL AND p.deleted_at IS NULL`,
};

async function readRefs(lane: StatementLane, ids: readonly string[]): Promise<Map<string, DocumentRef>> {
  const rows = await lane.run<Record<keyof typeof REF, string>>(READ_REFS, [uuidArray(ids)]);
  return new Map(rows.map((row) => [row.id, toRef(row)]));
}

const toRef = (row: Record<keyof typeof REF, string>): DocumentRef => ({
  documentId: row.id,
  userId: row.userId,
  projectId: row.projectId,
  project: row.project,
  path: row.docPath,
});

const notFound = (): UpgradeRefused => new UpgradeRefused(404, 'The document was not found.');
