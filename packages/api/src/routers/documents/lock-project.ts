import type { DbOrTx } from '@markco/db/client';

/**
 * Until the transaction ends, no one else creates, renames, removes or restores documents of the project (SY7). Runs and edits
 * go on: the lock leaves foreign keys to the row alone.
 */
export async function lockProject(tx: DbOrTx, projectId: string): Promise<void> {
  await tx.$queryRaw`SELECT id FROM projects WHERE id = ${projectId}::uuid FOR NO KEY UPDATE`;
}
