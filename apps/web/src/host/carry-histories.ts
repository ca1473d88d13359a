import type { LocalCopy } from '@markco/sync/client/local-copy/local-copy';
import type * as Y from 'yjs';
import { forgetEpoch, keptEpochs, openHistory } from './kept-histories.ts';
import type { Replaced } from './open-document.ts';

/**
 * SY7: brings into `doc`, synced at `epoch`, what earlier histories kept here still hold: edits made before, or while offline when, the history
 * was replaced. `before`: the history that was open until now, which may be kept nowhere else. A history that cannot be read now
 * is tried again when the document is opened next.
 */
export async function carryHistories(
  documentId: string,
  into: { doc: Y.Doc; epoch: string; copy: LocalCopy; onMerged: (before: string) => void },
  before: Replaced | null,
): Promise<void> {
  const { doc, epoch, copy, onMerged } = into;
  const target = { doc, session: doc.clientID, flushed: () => copy.flushed(), onMerged };
  await before?.end();
  const last = before?.history ?? null;
  for (const earlier of new Set([...(await keptEpochs(documentId)), ...(last ? [last.epoch] : [])])) {
    if (earlier === epoch) continue;
    const inMemory = last?.epoch === earlier && !last.place.lasting;
    const { rows } = (inMemory ? last : await openHistory(documentId, earlier)).place;
    // WB9: merging texts is seldom needed.
    const carried = import('@markco/sync/client/local-copy/carry-over').then(({ carryOver }) => carryOver(rows, target));
    const empty = await carried.catch(() => false);
    if (!empty) rows.close();
    else {
      await rows.forget().catch(() => undefined);
      await forgetEpoch(documentId, earlier);
    }
  }
}
