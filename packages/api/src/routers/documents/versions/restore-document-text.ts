import type { RestoreVersionReply } from '@markco/core/contract/versions';
import { AppError, notFound } from '@markco/core/errors';
import { restoreText } from '@markco/sync/client/restore-text';
import * as Y from 'yjs';
import type { Resources } from '../../../resources.ts';
import { serverDocumentsOf } from '../../../run-engine/server-documents.ts';

/** How long the relay may take for all of it, in ms. */
const GIVE_UP_MS = 15_000;

/**
 * SY8: brings a live document back to `wanted` through the relay, like anyone's edit. What the document was just before is a version first,
 * durably: the edit is made against exactly that text, so that what arrives at the same moment stays.
 * Rejects with `unavailable` where the relay does not answer.
 */
export async function restoreDocumentText(
  resources: Resources,
  documentId: string,
  wanted: string,
  by: string | null,
  giveUpMs = GIVE_UP_MS,
): Promise<RestoreVersionReply> {
  const signal = AbortSignal.timeout(giveUpMs);
  return serverDocumentsOf(resources).use(documentId, async (document) => {
    await document.synced(signal).catch(unavailable('Nothing was changed.'));
    const state = Y.encodeStateAsUpdate(document.doc);
    const text = document.doc.getText('content').toString();
    if (text === wanted) return { changed: false, before: null };
    const before = await resources.versions.keep(documentId, { reason: 'restore', by, text });
    if (!before) throw notFound('The document');
    if (signal.aborted) unavailable('Nothing was changed.')(signal.reason);
    restoreText(document.doc, state, wanted);
    await document.flushed(signal).catch(unavailable('It may still happen: look at the document.'));
    return { changed: true, before };
  });
}

const unavailable =
  (outcome: string) =>
  (cause: unknown): never => {
    throw new AppError('unavailable', `The document could not be reached just now. ${outcome} Try again in a moment.`, { cause });
  };
