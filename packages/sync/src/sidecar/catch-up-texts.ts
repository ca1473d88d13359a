import type { Db } from '@markco/db/client';
import type { Log } from '../log.ts';
import type { Relay } from '../relay/relay.ts';

interface Candidate {
  id: string;
  contentHash: string;
}

export interface CatchUpOptions {
  readonly db: Db;
  readonly relay: Pick<Relay, 'checkText'>;
  readonly log: Log;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

/**
 * SY9: a process that was killed may have stored edits without the text beside them, which lists, searches and folders go by. Looks through
 * what was edited shortly before the newest edit of all, whenever that was, one document after the other. Never rejects: a document that
 * could not be looked at is brought up when it is opened.
 */
export async function catchUpTexts({ db, relay, log, signal }: CatchUpOptions): Promise<void> {
  try {
    const candidates = await editedLast(db);
    for (const { id, contentHash } of candidates) {
      if (signal.aborted) return;
      await relay.checkText(id, contentHash).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error, document_id: id }, 'Whether the text of a document is up to date could not be told.');
      });
    }
    log.debug({ documents: candidates.length }, 'The texts of the documents edited last were looked at.');
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'Whether the texts of documents are up to date could not be told; they are when opened.');
  }
}

/** Texts follow within seconds, or minutes where the database was in trouble. What a text is saved with later does not count as an edit. */
function editedLast(db: Db): Promise<Candidate[]> {
  return db.$queryRaw<Candidate[]>`
    SELECT id::text, content_hash AS "contentHash" FROM documents
    WHERE deleted_at IS NULL AND seq > 0 AND updated_at >=
      COALESCE((SELECT created_at FROM document_updates ORDER BY seq DESC LIMIT 1), (SELECT max(updated_at) FROM documents)) - interval '10 minutes'
    ORDER BY updated_at`;
}
