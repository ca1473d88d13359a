import type { IncomingMessage } from 'node:http';
import { id } from '@markco/core/ids';
import { CLOSE } from '@markco/core/sync/close-code';
import type { Db } from '@markco/db/client';
import type { SyncAddress } from '../relay/address.ts';
import { type Access, type Authorizer, UpgradeRefused } from '../relay/authorize.ts';
import type { DocumentRef } from '../store/document-store.ts';
import { byAccessToken, bySession, stillStands, tokenOf } from './credentials.ts';
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

/**
 * SY3: lets in whoever has a ticket, a personal access token or a session of the document's owner. Another user's document
 * answers as if it did not exist (SE1). A token that does not stand is never replaced by the cookie beside it.
 */
export class PostgresAuthorizer implements Authorizer {
  readonly #options: PostgresAuthorizerOptions;

  constructor(options: PostgresAuthorizerOptions) {
    this.#options = options;
  }

  async authorize(request: IncomingMessage, address: SyncAddress): Promise<Access> {
    const { db, publicUrl } = this.#options;
    const token = tokenOf(request);
    if (token !== null && !token.startsWith(ACCESS_TOKEN_PREFIX)) return this.#byTicket(token, address);
    const now = new Date();
    const bearer = token === null ? await bySession(db, request, publicUrl, now) : await byAccessToken(db, token, now);
    if (!bearer) throw new UpgradeRefused(401, 'Sign in, or send a ticket or an access token, to open this document.');
    if (bearer.userId !== address.userId) throw notFound();
    const ref = await this.#find({ userId: bearer.userId, project: address.project, docPath: address.docPath });
    if (!ref) throw notFound();
    return { ...bearer, ref: ref.ref, mode: 'write' };
  }

  async recheck(access: Access): Promise<{ ok: true } | { ok: false; code: number; reason: string }> {
    const { db } = this.#options;
    if (access.sid !== null && !(await stillStands(db, access.userId, access.sid, new Date()))) {
      return { ok: false, code: CLOSE.unauthenticated, reason: 'You were signed out. Sign in again to go on.' };
    }
    const found = await this.#find({ id: access.ref.documentId, userId: access.userId });
    return found ? { ok: true } : { ok: false, code: CLOSE.gone, reason: 'The document was deleted.' };
  }

  async #byTicket(token: string, address: SyncAddress): Promise<Access> {
    const claims = await verifyTicket(this.#options.secret, token, new Date());
    if (!claims) throw new UpgradeRefused(401, 'The ticket is not valid or has expired. Ask for a new one.');
    // The ticket names the document by id: a rename since then does not matter.
    if (claims.sub !== address.userId) throw notFound();
    if (claims.sid !== undefined && !(await stillStands(this.#options.db, claims.sub, claims.sid, new Date()))) {
      throw new UpgradeRefused(401, 'You were signed out. Sign in again.');
    }
    const found = await this.#find({ id: claims.doc, userId: claims.sub });
    if (!found) throw notFound();
    const { sub, mode, sid, name, epoch, expiresAt } = claims;
    return { ref: found.ref, userId: sub, userName: name ?? null, mode, sid: sid ?? null, expiresAt, epoch };
  }

  async #find(where: { id?: string; userId: string; project?: string; docPath?: string }): Promise<{ ref: DocumentRef } | null> {
    if (!id.safeParse(where.userId).success) return null;
    const row = await this.#options.db.document.findFirst({
      where: { ...where, deletedAt: null, projectRow: { deletedAt: null } },
      select: { id: true, userId: true, projectId: true, project: true, docPath: true },
    });
    return row && { ref: { documentId: row.id, userId: row.userId, projectId: row.projectId, project: row.project, path: row.docPath } };
  }
}

const notFound = (): UpgradeRefused => new UpgradeRefused(404, 'The document was not found.');
