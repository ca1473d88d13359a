import { existsSync } from 'node:fs';
import path from 'node:path';

/** FB5: true while git is rewriting the folder's files; nothing is written there until it is done. */
export function gitIsBusy(dir: string): boolean {
  return existsSync(path.join(dir, '.git', 'index.lock'));
}
