import type { LocalCopy } from '@markco/sync/client/local-copy/local-copy';
import * as local from './local-db.ts';

const SETTLE_MS = 300;

/** Notes how many edits of a document only this browser has, of all its tabs, to be told before signing out. */
export function createUnsavedNote(documentId: string, copy: LocalCopy): { changed(): void; close(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = async () => {
    timer = undefined;
    await local.noteUnsaved(documentId, await copy.countUnsaved());
  };
  return {
    changed: () => {
      timer ??= setTimeout(() => void write(), SETTLE_MS);
    },
    close: () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      void write();
    },
  };
}
