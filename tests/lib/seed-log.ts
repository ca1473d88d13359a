import type { Db } from '@markco/db/client';
import { silentLog } from '@markco/sync/log';
import { PrismaStore } from '@markco/sync/store/prisma-store';
import * as Y from 'yjs';
import type { TokenLedger } from './token-ledger.ts';
import type { TypedDocument } from './typist.ts';

/** Fills the log of a document with so many updates, a token each, noted as saved; as many typists before us would have. */
export async function seedLog(db: Db, ref: TypedDocument, ledger: TokenLedger, rows: number): Promise<void> {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (let i = 0; i < rows; i++) {
    const token = `<seed.${i}>`;
    ledger.noteMade(token);
    doc.getText('content').insert(doc.getText('content').length, token);
    ledger.noteSaved(token);
  }
  const store = new PrismaStore(db, silentLog);
  await store.append([{ ref, updates }]);
  await store.close();
}
