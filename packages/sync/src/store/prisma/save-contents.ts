import { int4Array, textArray, uuidArray } from '@markco/db/binary-array';
import type { Statement, StatementLane } from '@markco/db/statement-lane';
import type { DocumentContent } from '../document-store.ts';

// A statement holds the rows it changes until it commits, and edits of these documents wait for them (SY4).
const MAX_DOCUMENTS = 64;
const MAX_LENGTH = 256 * 1024;

const SAVE: Statement = {
  name: 'save_contents',
  text: `
    WITH input AS MATERIALIZED (
      SELECT id, content_text, content_hash, size, NULLIF(epoch, '') AS epoch, NULLIF(version, '')::bigint AS version
      FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[])
        AS t(id, content_text, content_hash, size, epoch, version)
    ), locked AS MATERIALIZED (
      SELECT d.id, t.content_text, t.content_hash, t.size, t.version FROM documents d JOIN input t ON t.id = d.id
      WHERE t.version IS NULL OR (t.epoch = d.epoch AND (d.content_seq <= t.version OR d.content_seq > d.seq))
      ORDER BY d.id FOR NO KEY UPDATE OF d
    ), kept AS (
      INSERT INTO document_versions (id, document_id, kind, day, epoch, sha256, content_text, size)
      SELECT gen_random_uuid(), d.id, 'daily', (now() AT TIME ZONE 'UTC')::date, d.epoch, d.content_hash, d.content_text, d.size
      FROM documents d JOIN locked l ON l.id = d.id
      WHERE d.size > 0 AND d.content_hash <> l.content_hash AND NOT EXISTS (
        SELECT 1 FROM document_versions v WHERE v.document_id = d.id AND v.day = (now() AT TIME ZONE 'UTC')::date)
      ON CONFLICT (document_id, day) DO NOTHING
    )
    UPDATE documents d SET content_text = l.content_text, content_hash = l.content_hash, size = l.size,
      content_seq = COALESCE(l.version, d.content_seq), updated_at = now()
    FROM locked l WHERE d.id = l.id`,
};

/**
 * SY9: text, hash and size beside the state, in few statements; rows are locked in the order of their ids, as appends do. Postgres
 * texts cannot hold NUL: it is left out here, the state keeps it. The text that the first edit of a day (UTC) replaces stays as the
 * version `daily`. SY18: a text as of an older version than the stored one's, or of another history, is left out.
 */
export async function saveContents(lane: StatementLane, contents: readonly DocumentContent[]): Promise<void> {
  for (const part of parts(contents)) {
    await lane.run(SAVE, [
      uuidArray(part.map(({ ref }) => ref.documentId)),
      textArray(part.map(({ text }) => (text.includes('\0') ? text.replaceAll('\0', '') : text))),
      textArray(part.map(({ hash }) => hash)),
      int4Array(part.map(({ text }) => Buffer.byteLength(text))),
      textArray(part.map(({ asOf }) => asOf?.epoch ?? '')),
      textArray(part.map(({ asOf }) => String(asOf?.version ?? ''))),
    ]);
  }
}

function parts(contents: readonly DocumentContent[]): DocumentContent[][] {
  const all: DocumentContent[][] = [];
  let length = 0;
  for (const content of contents) {
    const last = all.at(-1);
    if (last && last.length < MAX_DOCUMENTS && length + content.text.length <= MAX_LENGTH) {
      last.push(content);
      length += content.text.length;
    } else {
      all.push([content]);
      length = content.text.length;
    }
  }
  return all;
}
