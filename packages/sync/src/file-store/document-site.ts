import type { DocumentMeta } from './document-meta.ts';
import type { FileStamp, TextFile, UnusableFile } from './text-file.ts';

/** What a document needs of the folder it lies in. Files are named relative to the root. */
export interface DocumentSite {
  /** How long a file has to stay the same before an outside edit is believed to be whole, ms. */
  readonly settleMs: number;
  logPath(documentId: string): string;
  read(file: string): Promise<TextFile | UnusableFile | null>;
  stampOf(file: string): Promise<FileStamp | null>;
  /** Where to write; rejects where that is outside of the root. */
  resolveForWrite(file: string): Promise<string>;
  saveMeta(meta: DocumentMeta): Promise<void>;
  saveMetaSoon(meta: DocumentMeta): void;
  /** True while the file must not be written: git is at work, or a rename or removal is not decided yet (`missing`: the file is not there). */
  held(documentId: string, missing: boolean): boolean;
  /**
   * FB5: an outside edit is in the log; `update` null where the server's state has to be fetched before it can be merged. `before`: what the
   * document said, null where that is not known or it was no edit of the file.
   */
  onOutsideEdit(documentId: string, update: Uint8Array | null, before: string | null): void;
  onFileMissing(documentId: string): void;
  onUnusable(documentId: string, status: UnusableFile['status']): void;
  onProjected(documentId: string, recreated: boolean): void;
  onProblem(documentId: string, error: Error): void;
  retryLater(documentId: string): void;
  /** Calls `take` with what a program wrote into a file we had replaced, if it did. */
  watchLateWriter(late: () => Buffer | null, take: (text: string) => Promise<void>): void;
}
