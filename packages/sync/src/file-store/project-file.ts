import { rm } from 'node:fs/promises';
import type { DocumentSite } from './document-site.ts';
import type { FileStamp, TextFile } from './text-file.ts';
import { commitTextFile, stageTextFile } from './write-text-file.ts';

export interface ProjectInput {
  readonly site: DocumentSite;
  readonly file: string;
  readonly text: string;
  /** The file as last read; null: there is none. */
  readonly current: TextFile | null;
  /** Makes it durable that the file may soon have these bytes (FB6). */
  readonly announce: (hash: string) => Promise<void>;
}

/**
 * FB6: the text into the file, in the file's own line ends, BOM and mode. Null where the file changed since it was read: nothing was
 * written then, and the newer bytes have to be taken in first.
 */
export async function projectFile(input: ProjectInput): Promise<{ hash: string; stamp: FileStamp; late: () => Buffer | null } | null> {
  const { site, current } = input;
  const target = await site.resolveForWrite(input.file);
  const shape = current?.shape ?? { bom: false, eol: '\n' as const, finalNewline: input.text.endsWith('\n') };
  const staged = await stageTextFile(target, input.text, shape, current?.mode ?? null);
  try {
    await input.announce(staged.hash);
    const result = commitTextFile(target, staged, current?.hash ?? null);
    if (result.written) return { hash: staged.hash, stamp: result.stamp, late: result.late };
  } catch (error) {
    await rm(staged.temp, { force: true });
    throw error;
  }
  await rm(staged.temp, { force: true });
  return null;
}
