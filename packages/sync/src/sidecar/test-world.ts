import { randomUUID } from 'node:crypto';
import type { Db } from '@markco/db/client';
import { SignJWT } from 'jose';
import type { DocumentRef } from '../store/document-store.ts';

/** A person with a project and a document, as the web process would have made them. Tests only. */
export async function makeDocument(db: Db, options: { userId?: string; path?: string } = {}): Promise<DocumentRef & { epoch: string }> {
  const userId = options.userId ?? (await db.user.create({ data: { name: 'Ada' } })).id;
  const slug = `notes-${randomUUID().slice(0, 8)}`;
  const project = await db.project.create({ data: { userId, slug, name: 'Notes' } });
  const path = options.path ?? 'index.md';
  const epoch = randomUUID();
  const row = await db.document.create({ data: { userId, projectId: project.id, project: slug, docPath: path, contentHash: '', epoch } });
  return { documentId: row.id, userId, projectId: project.id, project: slug, path, epoch };
}

/** A ticket as `documents.ticket` signs it. */
export function ticketToken(
  secret: string,
  ref: DocumentRef & { epoch: string },
  claims: { mode?: 'read' | 'write'; sid?: string; sub?: string; audience?: string; expiresInS?: number } = {},
): Promise<string> {
  const { mode = 'write', sid, sub = ref.userId, audience = 'markco-relay', expiresInS = 300 } = claims;
  return new SignJWT({ doc: ref.documentId, mode, epoch: ref.epoch, name: 'Ada', ...(sid ? { sid } : {}) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setAudience(audience)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
    .sign(new TextEncoder().encode(secret));
}
