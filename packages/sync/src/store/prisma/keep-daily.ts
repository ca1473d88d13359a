import type { Tx } from '@markco/db/client';
import type { StoredState } from './read-state.ts';
import { sha256 } from './sha256.ts';

/** SY9: one version a day. {@link saveContents} keeps the text before the day's first edit; this is for a day that has none yet. */
export async function keepDaily(tx: Tx, state: Pick<StoredState, 'ref' | 'epoch'>, text: string): Promise<void> {
  const stored = text.replaceAll('\0', '');
  await tx.$executeRaw`
    INSERT INTO document_versions (id, document_id, kind, day, epoch, sha256, content_text, size)
    SELECT gen_random_uuid(), ${state.ref.documentId}::uuid, 'daily', (now() AT TIME ZONE 'UTC')::date, ${state.epoch}, ${sha256(text)},
      ${stored}, ${Buffer.byteLength(stored)}
    ON CONFLICT (document_id, day) DO NOTHING`;
}
