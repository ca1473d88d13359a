import { router } from '../../trpc.ts';
import { removeDocument, renameDocument, restoreDocument } from './change-document.ts';
import { createDocument } from './create-document.ts';
import { getDocument, listDeletedDocuments, listDocuments } from './read-documents.ts';
import { searchDocuments } from './search-documents.ts';
import { seedDocuments } from './seed-documents.ts';
import { documentTicket } from './ticket.ts';
import { versionsRouter } from './versions/versions-router.ts';
import { watchDocuments } from './watch-documents.ts';

/** Documents: listing, reading, and everything that changes their name or being. Their text changes over the relay only. */
export const documentsRouter = router({
  list: listDocuments,
  deleted: listDeletedDocuments,
  get: getDocument,
  ticket: documentTicket,
  seed: seedDocuments,
  create: createDocument,
  rename: renameDocument,
  remove: removeDocument,
  restore: restoreDocument,
  search: searchDocuments,
  watch: watchDocuments,
  versions: versionsRouter,
});
