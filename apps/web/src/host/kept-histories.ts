import type { CopyRows } from '@markco/sync/client/local-copy/copy-rows';
import { openIndexedDbRows } from '@markco/sync/client/local-copy/indexed-db-rows';
import type { CopyPlace } from '@markco/sync/client/local-copy/local-copy';
import { MemoryRows } from '@markco/sync/client/local-copy/memory-rows';
import { joinTabs } from '@markco/sync/client/local-copy/tab-channel';
import * as local from './local-db.ts';

/** WB3: one history of a document as this browser keeps it; by epoch, so that two histories never meet in one Y.Doc. */
export interface KeptHistory {
  readonly epoch: string;
  readonly place: CopyPlace;
}

const listKey = (documentId: string) => `epochs:${documentId}`;
const databaseOf = (documentId: string, epoch: string) => `markco-doc:${documentId}:${epoch}`;

/** The epochs this browser keeps something of, the newest last; empty where it keeps nothing, which is cold and never a deletion. */
export const keptEpochs = async (documentId: string): Promise<readonly string[]> =>
  (await local.read<string[]>('cache', listKey(documentId)).catch(() => undefined)) ?? [];

/** Opens what is kept of an epoch; without storage it is kept for as long as the page lives. Never rejects. */
export async function openHistory(documentId: string, epoch: string): Promise<KeptHistory> {
  const name = databaseOf(documentId, epoch);
  const rows: CopyRows | null = await openIndexedDbRows(name).catch(() => null);
  return { epoch, place: { rows: rows ?? new MemoryRows(), lasting: rows !== null, joinTabs: (onRow) => joinTabs(name, onRow) } };
}

/** Notes that an epoch is the newest kept one. */
export async function noteEpoch(documentId: string, epoch: string): Promise<void> {
  const others = (await keptEpochs(documentId)).filter((each) => each !== epoch);
  await local.write('cache', listKey(documentId), [...others, epoch]);
}

/** Notes that nothing is kept of an epoch any more. */
export async function forgetEpoch(documentId: string, epoch: string): Promise<void> {
  const left = (await keptEpochs(documentId)).filter((each) => each !== epoch);
  await local.write('cache', listKey(documentId), left);
}
